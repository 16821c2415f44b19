// The snapshot as JSON: what the dashboard is sent, and the events that both `--progress json` and
// `--events` write.
#include "base/json_writer.h"
#include "stats/event_head.h"
#include "stats/fields.h"

namespace pixhaul {

namespace stats {

void append_latency(JsonWriter& json, const LatencySummary& latency) {
  json.begin_object();
  json.field("count", latency.count);
  json.field("p50_ms", latency.p50_ms);
  json.field("p90_ms", latency.p90_ms);
  json.field("p99_ms", latency.p99_ms);
  json.field("max_ms", latency.max_ms);
  json.field("sum_ms", latency.sum_ms);
  json.end_object();
}

}  // namespace stats

namespace {

void append_status_hosts(JsonWriter& json, const StatusHosts& behind) {
  json.begin_object();
  json.field("status", name(behind.status));
  json.field("count", behind.count);
  json.key("hosts");
  json.begin_array();
  for (const HostCount& host : behind.hosts) {
    json.begin_object();
    json.field("host", std::string_view(host.host));
    json.field("count", host.count);
    json.end_object();
  }
  json.end_array();
  json.field("detail", std::string_view(behind.detail));
  json.end_object();
}

void append_host(JsonWriter& json, const HostReport& host) {
  json.begin_object();
  json.field("origin", std::string_view(host.origin));
  json.field("condition", name(host.condition));
  json.field("reason", std::string_view(host.reason));
  json.field("seconds_until_retry", host.seconds_until_retry);
  json.field("in_flight", host.in_flight);
  json.field("limit", host.limit);
  json.field("first_byte_ms", host.first_byte_ms);
  json.field("has_rows_queued", host.has_rows_queued);
  json.end_object();
}

// Everything of the snapshot, inside an object that is open.
void append_fields(JsonWriter& json, const StatsSnapshot& now) {
  json.field("seconds", now.seconds);
  json.key("rows_total");
  now.rows_total ? json.value(*now.rows_total) : json.null();
  for (const stats::CountField& field : stats::count_fields())
    json.field(field.name, field.value(now));
  json.field("limited_by", std::string_view(now.limited_by));
  json.key("by_status");
  json.begin_object();
  for (const ErrorCode code : row_statuses()) {
    const std::uint64_t count = now.by_status[static_cast<std::size_t>(code)];
    if (count > 0) json.field(name(code), count);
  }
  json.end_object();
  json.key("states");
  json.begin_object();
  for (const stats::StateField& state : stats::state_fields())
    json.field(state.name, now.states.*state.value);
  json.end_object();
  json.key("latency");
  json.begin_object();
  for (const stats::PhaseField& phase : stats::phase_fields()) {
    json.key(phase.name);
    stats::append_latency(json, now.latency.*phase.value);
  }
  json.end_object();
  json.key("status_hosts");
  json.begin_array();
  for (const StatusHosts& behind : now.status_hosts) append_status_hosts(json, behind);
  json.end_array();
  json.key("hosts");
  json.begin_array();
  for (const HostReport& host : now.hosts) append_host(json, host);
  json.end_array();
}

}  // namespace

std::string stats_json(const StatsSnapshot& now) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  stats::time_field(json, now.time);
  append_fields(json, now);
  json.end_object();
  return text;
}

std::string progress_event(const StatsSnapshot& now, const RateWindow& rates) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  stats::event_head(json, "progress", now.time);
  append_fields(json, now);
  json.field("success", success_count(now));
  json.field("failed", failed_count(now));
  json.field("rows_per_second", rates.rows_per_second());
  json.field("bytes_per_second", rates.bytes_per_second());
  json.end_object();
  return text;
}

std::string notice_event(std::chrono::system_clock::time_point time, std::string_view sentence) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  stats::event_head(json, "notice", time);
  json.field("text", sentence);
  json.end_object();
  return text;
}

}  // namespace pixhaul
