#include "pipeline/report_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace pixhaul::pipeline {

HostFacts& HostTable::of(std::string_view host) {
  if (const auto known = hosts_.find(std::string(host)); known != hosts_.end())
    return known->second;
  if (hosts_.size() >= named_) return others_;
  return hosts_.emplace(host, HostFacts{.host = std::string(host)}).first->second;
}

std::vector<HostFacts> HostTable::top(std::size_t count) const {
  std::vector<const HostFacts*> all;
  all.reserve(hosts_.size());
  for (const auto& [host, facts] : hosts_) all.push_back(&facts);
  const std::size_t shown = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), all.end(),
                    [](const HostFacts* a, const HostFacts* b) {
                      return a->rows != b->rows ? a->rows > b->rows : a->host < b->host;
                    });
  std::vector<HostFacts> top;
  top.reserve(shown);
  for (std::size_t i = 0; i < shown; ++i) top.push_back(*all[i]);
  return top;
}

void CopyCounter::add(std::string_view digest, std::uint64_t bytes, std::string_view key) {
  constexpr std::size_t kDigits = 16;
  std::uint64_t number = 0;
  if (digest.size() < kDigits) return;
  const char* const end = digest.data() + kDigits;
  if (std::from_chars(digest.data(), end, number, 16).ptr != end) return;
  ++pictures_;
  if (!is_counted(number)) return;
  if (const auto known = seen_.find(number); known != seen_.end()) {
    ++known->second.count;
    return;
  }
  if (seen_.size() >= most_) leave_out_half();
  if (!is_counted(number)) return;
  seen_.emplace(number, Seen{.key = std::string(key), .bytes = bytes, .count = 1});
}

// The low bits decide; a digest's are as good as drawn.
bool CopyCounter::is_counted(std::uint64_t digest) const {
  return (digest & ((std::uint64_t{1} << left_out_bits_) - 1)) == 0;
}

void CopyCounter::leave_out_half() {
  ++left_out_bits_;
  std::erase_if(seen_, [this](const auto& entry) { return !is_counted(entry.first); });
}

std::uint64_t CopyCounter::copies() const {
  std::uint64_t copies = 0;
  for (const auto& [digest, seen] : seen_) copies += seen.count - 1;
  return copies << left_out_bits_;
}

std::uint64_t CopyCounter::copied_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [digest, seen] : seen_) bytes += (seen.count - 1) * seen.bytes;
  return bytes << left_out_bits_;
}

std::vector<CopyCounter::Group> CopyCounter::top(std::size_t count) const {
  using Entry = std::pair<const std::uint64_t, Seen>;
  std::vector<const Entry*> most;
  const auto is_before = [](const Entry* a, const Entry* b) {
    return a->second.count != b->second.count ? a->second.count > b->second.count
                                              : a->first < b->first;
  };
  for (const Entry& entry : seen_) {
    if (entry.second.count < 2) continue;
    if (most.size() == count && !is_before(&entry, most.back())) continue;
    if (most.size() == count) most.pop_back();
    most.insert(std::ranges::upper_bound(most, &entry, is_before), &entry);
  }
  std::vector<Group> groups;
  groups.reserve(most.size());
  for (const Entry* entry : most) {
    groups.push_back({.digest = fmt::format("{:016x}", entry->first),
                      .count = entry->second.count,
                      .bytes = entry->second.bytes,
                      .first = entry->second.key});
  }
  return groups;
}

void Course::add(std::int64_t time, std::uint64_t images, std::uint64_t failed,
                 std::uint64_t bytes) {
  Stretch& stretch = stretches_[time / seconds_];
  stretch.images += images;
  stretch.failed += failed;
  stretch.bytes += bytes;
  while (stretches_.rbegin()->first - stretches_.begin()->first >= kStretches) {
    seconds_ *= 2;
    std::map<std::int64_t, Stretch> wider;
    for (const auto& [number, facts] : stretches_) {
      Stretch& both = wider[number / 2];
      both.images += facts.images;
      both.failed += facts.failed;
      both.bytes += facts.bytes;
    }
    stretches_ = std::move(wider);
  }
}

std::int64_t Course::begin() const { return stretches_.begin()->first * seconds_; }

std::vector<Course::Stretch> Course::all() const {
  std::vector<Stretch> all;
  if (stretches_.empty()) return all;
  const std::int64_t first = stretches_.begin()->first;
  all.resize(static_cast<std::size_t>(stretches_.rbegin()->first - first) + 1);
  for (const auto& [number, facts] : stretches_)
    all[static_cast<std::size_t>(number - first)] = facts;
  return all;
}

void Spread::add(std::uint64_t value) {
  const auto bounded = static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
  ++counts_.counts[stats::HistogramCounts::bucket_of(bounded)];
  smallest_ = counts_.count == 0 ? value : std::min(smallest_, value);
  largest_ = std::max(largest_, value);
  ++counts_.count;
  sum_ += value;
}

std::uint64_t Spread::quantile(double share) const {
  const auto wanted =
      static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(counts_.count)));
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < counts_.counts.size() && counts_.count > 0; ++i) {
    before += counts_.counts[i];
    if (before >= std::max<std::uint64_t>(wanted, 1))
      return std::min<std::uint64_t>(stats::HistogramCounts::upper_bound(i), largest_);
  }
  return 0;
}

}  // namespace pixhaul::pipeline
