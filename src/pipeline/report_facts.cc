#include "pipeline/report_facts.h"

#include <algorithm>
#include <chrono>

#include "net/url.h"

namespace pixhaul::pipeline {

namespace {

// FNV-1a, stirred by the finish of SplitMix64: keys that differ in one digit lie far apart. The
// same folder always shows the same pictures.
std::uint64_t rank_of(std::string_view key) {
  std::uint64_t number = 14'695'981'039'346'656'037u;
  for (const char c : key) number = (number ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
  return number ^ (number >> 31);
}

}  // namespace

void ReportFacts::add(const Row& row, std::uint64_t shard, std::uint64_t index, bool has_image) {
  const Outcome& outcome = row.outcome;
  const auto url = net::parse_url(row.url);
  const std::string_view host = url ? url->host() : std::string_view();
  const bool is_success = outcome.status == ErrorCode::success;
  const bool is_failure = !is_success && !is_refusal(outcome.status);
  tally.count(row, host);
  retried += outcome.attempts > 1 ? 1 : 0;
  latencies.add(outcome.times);
  if (!outcome.http_version.empty()) ++http_versions[outcome.http_version];
  if (!host.empty()) {
    HostFacts& facts = hosts.of(host);
    ++facts.rows;
    facts.images += is_success ? 1 : 0;
    facts.failed += is_failure ? 1 : 0;
    facts.bytes += is_success ? outcome.bytes : 0;
    if (outcome.times.total_ms >= 0) {
      facts.total_ms += double{outcome.times.total_ms};
      ++facts.timed;
    }
  }
  const auto since =
      std::chrono::duration_cast<std::chrono::seconds>(outcome.retrieved_at.time_since_epoch());
  if (since.count() > 0)
    course.add(since.count(), is_success ? 1 : 0, is_failure ? 1 : 0,
               is_success ? outcome.bytes : 0);
  if (is_success) add_image(row, shard, index, has_image);
}

void ReportFacts::add_image(const Row& row, std::uint64_t shard, std::uint64_t index,
                            bool has_image) {
  const Outcome& outcome = row.outcome;
  FormatFacts& format = formats[outcome.format];
  ++format.images;
  format.bytes += outcome.bytes;
  redirected += outcome.final_url.empty() ? 0 : 1;
  bytes.add(outcome.bytes);
  ++body_sizes[class_of(kByteClasses, static_cast<double>(outcome.bytes))];
  copies.add(outcome.digest, outcome.bytes, row.key);
  if (outcome.width > 0 && outcome.height > 0) {
    const std::uint32_t served_width =
        outcome.original_width > 0 ? outcome.original_width : outcome.width;
    const std::uint32_t served_height =
        outcome.original_height > 0 ? outcome.original_height : outcome.height;
    widths.add(served_width);
    heights.add(served_height);
    ++served_sides[class_of(kSideClasses, std::max(served_width, served_height))];
    ++kept_sides[class_of(kSideClasses, std::max(outcome.width, outcome.height))];
    ++aspects[class_of(kAspectClasses,
                       static_cast<double>(served_width) / static_cast<double>(served_height))];
  }
  if (!has_image) return;
  const std::uint64_t rank = rank_of(row.key);
  if (pictures.size() == kPictures && rank >= pictures.back().rank) return;
  const auto at = std::ranges::upper_bound(pictures, rank, {}, &SamplePicture::rank);
  pictures.insert(at,
                  {.rank = rank, .shard = shard, .index = index, .key = row.key, .url = row.url});
  if (pictures.size() > kPictures) pictures.pop_back();
}

}  // namespace pixhaul::pipeline
