// The report as one JSON object: numbers as they are, in base units, where the page has words.
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "pipeline/report_sections.h"
#include "pixhaul/version.h"
#include "stats/fields.h"

namespace pixhaul::pipeline {

namespace {

constexpr int kVersion = 1;  // members are only added within one
constexpr std::size_t kHosts = 100;
constexpr std::size_t kCopies = 100;

void time_or_null(JsonWriter& json, std::string_view name, double seconds) {
  json.key(name);
  if (seconds <= 0) return json.null();
  std::string text;
  append_rfc3339(text, WallTime(std::chrono::duration_cast<WallTime::duration>(
                           std::chrono::duration<double>(seconds))));
  json.value(std::string_view(text));
}

template <class Number>
void number_or_null(JsonWriter& json, std::string_view name, const std::optional<Number>& number) {
  json.key(name);
  number ? json.value(*number) : json.null();
}

void append_status(JsonWriter& json, const ReportFacts& facts) {
  const FolderStatus& status = facts.status;
  json.field("complete", status.is_complete);
  json.field("rows", status.rows);
  number_or_null(json, "rows_total", status.rows_total);
  json.field("images", status.images);
  json.field("image_bytes", facts.bytes.sum());
  json.field("failed", facts.tally.failed());
  json.field("refused", facts.tally.refused());
  json.field("retried", facts.retried);
  json.field("redirected", facts.redirected);
  json.field("shards_done", status.shards_done);
  json.field("shards_open", status.shards_open);
  json.field("shards_elsewhere", facts.shards_elsewhere);
  time_or_null(json, "started", facts.started);
  time_or_null(json, "ended", facts.ended);
  number_or_null(json, "rows_per_second", status.rows_per_second);
  json.key("by_status");
  json.begin_object();
  for (const ErrorCode code : row_statuses()) {
    const std::uint64_t count = facts.tally.by_status()[static_cast<std::size_t>(code)];
    if (count > 0) json.field(name(code), count);
  }
  json.end_object();
}

void append_failures(JsonWriter& json, const ReportFacts& facts) {
  json.key("failures");
  json.begin_array();
  for (const FailureGroup& group : facts.tally.failures()) {
    json.begin_object();
    json.field("status", name(group.status));
    json.field("http_status", group.http_status);
    json.field("count", group.count);
    json.field("transient", group.transient);
    json.field("detail", std::string_view(group.detail));
    json.key("hosts");
    json.begin_array();
    for (const std::string& host : group.hosts) json.value(std::string_view(host));
    json.end_array();
    json.field("host_count", group.host_count);
    json.field("first_input", std::string_view(group.first_input));
    json.field("first_line", group.first_line);
    json.field("first_url", std::string_view(group.first_url));
    json.end_object();
  }
  json.end_array();
}

void append_hosts(JsonWriter& json, const ReportFacts& facts) {
  json.field("host_count", static_cast<std::uint64_t>(facts.hosts.size()));
  json.field("rows_of_other_hosts", facts.hosts.others().rows);
  json.key("hosts");
  json.begin_array();
  for (const HostFacts& host : facts.hosts.top(kHosts)) {
    json.begin_object();
    json.field("host", std::string_view(host.host));
    json.field("rows", host.rows);
    json.field("images", host.images);
    json.field("failed", host.failed);
    json.field("bytes", host.bytes);
    json.field("mean_ms", host.timed > 0 ? host.total_ms / static_cast<double>(host.timed) : 0.0);
    json.end_object();
  }
  json.end_array();
}

void append_formats(JsonWriter& json, const ReportFacts& facts) {
  json.key("formats");
  json.begin_array();
  for (const auto& [format, of] : facts.formats) {
    json.begin_object();
    json.field("media_type", media_type(format));
    json.field("images", of.images);
    json.field("bytes", of.bytes);
    json.end_object();
  }
  json.end_array();
}

template <std::size_t Count>
void append_classes(JsonWriter& json, std::string_view name,
                    const std::array<ScaleClass, Count>& classes,
                    const std::array<std::uint64_t, Count>& counts) {
  json.key(name);
  json.begin_array();
  for (std::size_t i = 0; i < Count; ++i) {
    json.begin_object();
    json.field("class", classes[i].name);
    json.key("below");
    i + 1 < Count ? json.value(classes[i].below) : json.null();
    json.field("images", counts[i]);
    json.end_object();
  }
  json.end_array();
}

void append_spread(JsonWriter& json, std::string_view name, const Spread& spread) {
  json.key(name);
  json.begin_object();
  json.field("smallest", spread.smallest());
  json.field("p10", spread.quantile(0.1));
  json.field("median", spread.quantile(0.5));
  json.field("p90", spread.quantile(0.9));
  json.field("largest", spread.largest());
  json.end_object();
}

void append_course(JsonWriter& json, const Course& course) {
  json.key("course");
  json.begin_object();
  time_or_null(json, "begin", course.is_empty() ? 0 : static_cast<double>(course.begin()));
  json.field("seconds_each", course.seconds_each());
  json.key("stretches");
  json.begin_array();
  for (const Course::Stretch& stretch : course.all()) {
    json.begin_object();
    json.field("images", stretch.images);
    json.field("failed", stretch.failed);
    json.field("bytes", stretch.bytes);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void append_phases(JsonWriter& json, const ReportFacts& facts) {
  const stats::Latencies* const one[] = {&facts.latencies};
  const LatencySnapshot latency = stats::merge(one);
  json.key("latency");
  json.begin_object();
  for (const stats::PhaseField& phase : stats::phase_fields()) {
    json.key(phase.name);
    stats::append_latency(json, latency.*phase.value);
  }
  json.end_object();
  json.key("http_versions");
  json.begin_object();
  for (const auto& [version, rows] : facts.http_versions) json.field(version, rows);
  json.end_object();
}

void append_copies(JsonWriter& json, const CopyCounter& copies) {
  json.key("copies");
  json.begin_object();
  json.field("images_with_digest", copies.pictures());
  json.field("copies", copies.copies());
  json.field("bytes", copies.copied_bytes());
  json.field("is_estimate", copies.is_estimate());
  json.key("most_frequent");
  json.begin_array();
  for (const CopyCounter::Group& group : copies.top(kCopies)) {
    json.begin_object();
    json.field("digest_begin", std::string_view(group.digest));
    json.field("count", group.count);
    json.field("bytes", group.bytes);
    json.field("first_key", std::string_view(group.first));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace

std::string report_json(const ReportFacts& facts) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("version", kVersion);
  json.field("pixhaul", std::string_view(version()));
  json.field("folder", std::string_view(facts.folder));
  append_status(json, facts);
  append_failures(json, facts);
  append_hosts(json, facts);
  append_formats(json, facts);
  append_classes(json, "longer_sides_served", kSideClasses, facts.served_sides);
  append_classes(json, "longer_sides_kept", kSideClasses, facts.kept_sides);
  append_classes(json, "aspect_ratios", kAspectClasses, facts.aspects);
  append_classes(json, "body_sizes", kByteClasses, facts.body_sizes);
  append_spread(json, "width", facts.widths);
  append_spread(json, "height", facts.heights);
  append_spread(json, "bytes", facts.bytes);
  append_course(json, facts.course);
  append_phases(json, facts);
  append_copies(json, facts.copies);
  json.end_object();
  return text + "\n";
}

}  // namespace pixhaul::pipeline
