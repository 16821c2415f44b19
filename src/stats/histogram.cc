// Buckets as in HDR histograms: values below 16 have a bucket each; above, the four bits behind the
// leading one choose among 16 buckets of their octave.
#include "stats/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pixhaul::stats {

namespace {

constexpr unsigned kSubBits = 4;
constexpr std::uint32_t kLinear = 1u << kSubBits;

void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

double milliseconds(std::uint32_t microseconds) { return static_cast<double>(microseconds) / 1000; }

}  // namespace

std::size_t HistogramCounts::bucket_of(std::uint32_t microseconds) {
  if (microseconds < kLinear) return microseconds;
  const auto octave = static_cast<unsigned>(std::bit_width(microseconds)) - 1 - kSubBits;
  return (octave + 1) * kLinear + (microseconds >> octave) - kLinear;
}

std::uint32_t HistogramCounts::upper_bound(std::size_t bucket) {
  if (bucket < kLinear) return static_cast<std::uint32_t>(bucket);
  const auto octave = static_cast<unsigned>(bucket / kLinear) - 1;
  const std::uint64_t next = (std::uint64_t{bucket % kLinear} + kLinear + 1) << octave;
  return static_cast<std::uint32_t>(next - 1);
}

LatencySummary HistogramCounts::summary() const {
  LatencySummary summary{.count = count};
  if (count == 0) return summary;
  summary.max_ms = milliseconds(max_microseconds);
  summary.sum_ms = static_cast<double>(sum_microseconds) / 1000;
  struct Wanted {
    double share;
    double LatencySummary::* into;
  };
  constexpr Wanted kWanted[] = {{0.5, &LatencySummary::p50_ms},
                                {0.9, &LatencySummary::p90_ms},
                                {0.99, &LatencySummary::p99_ms}};
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  for (const Wanted& wanted : kWanted) {
    const auto rank =
        static_cast<std::uint64_t>(std::ceil(wanted.share * static_cast<double>(count)));
    while (bucket < kBuckets && below + counts[bucket] < rank) below += counts[bucket++];
    const std::size_t found = std::min(bucket, kBuckets - 1);
    summary.*wanted.into = milliseconds(std::min(upper_bound(found), max_microseconds));
  }
  return summary;
}

void Histogram::add(float milliseconds) {
  if (!(milliseconds >= 0)) return;
  constexpr double kMost = UINT32_MAX;
  const auto value =
      static_cast<std::uint32_t>(std::min(static_cast<double>(milliseconds) * 1000, kMost));
  bump(counts_[HistogramCounts::bucket_of(value)], 1);
  bump(sum_microseconds_, value);
  if (value > max_microseconds_.load(std::memory_order_relaxed))
    max_microseconds_.store(value, std::memory_order_relaxed);
}

void Histogram::merge_into(HistogramCounts& into) const {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const std::uint64_t count = counts_[i].load(std::memory_order_relaxed);
    into.counts[i] += count;
    into.count += count;
  }
  into.sum_microseconds += sum_microseconds_.load(std::memory_order_relaxed);
  into.max_microseconds =
      std::max(into.max_microseconds, max_microseconds_.load(std::memory_order_relaxed));
}

}  // namespace pixhaul::stats
