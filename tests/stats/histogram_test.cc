#include "stats/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "stats/latencies.h"

namespace pixhaul::stats {
namespace {

HistogramCounts counted(const Histogram& histogram) {
  HistogramCounts counts;
  histogram.merge_into(counts);
  return counts;
}

TEST(Histogram, EveryValueLiesInItsBucketAndBucketsMeet) {
  for (std::size_t bucket = 0; bucket + 1 < HistogramCounts::kBuckets; ++bucket) {
    const std::uint32_t last = HistogramCounts::upper_bound(bucket);
    EXPECT_EQ(HistogramCounts::bucket_of(last), bucket);
    EXPECT_EQ(HistogramCounts::bucket_of(last + 1), bucket + 1);
  }
  EXPECT_EQ(HistogramCounts::bucket_of(UINT32_MAX), HistogramCounts::kBuckets - 1);
  EXPECT_EQ(HistogramCounts::upper_bound(HistogramCounts::kBuckets - 1), UINT32_MAX);
}

TEST(Histogram, PercentilesAreAtMostSixPercentAboveTheTruth) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(static_cast<float>(i));
  const LatencySummary summary = counted(histogram).summary();
  EXPECT_EQ(summary.count, 1000u);
  EXPECT_GE(summary.p50_ms, 500);
  EXPECT_LE(summary.p50_ms, 500 * 1.0625);
  EXPECT_GE(summary.p90_ms, 900);
  EXPECT_LE(summary.p90_ms, 900 * 1.0625);
  EXPECT_GE(summary.p99_ms, 990);
  EXPECT_LE(summary.p99_ms, 1000) << "never above the largest";
  EXPECT_DOUBLE_EQ(summary.max_ms, 1000);
  EXPECT_DOUBLE_EQ(summary.sum_ms, 500'500);
}

TEST(Histogram, PhasesThatDidNotHappenAreNotCounted) {
  Histogram histogram;
  histogram.add(-1);
  histogram.add(std::numeric_limits<float>::quiet_NaN());
  const LatencySummary summary = counted(histogram).summary();
  EXPECT_EQ(summary.count, 0u);
  EXPECT_EQ(summary.p99_ms, 0);
}

TEST(Histogram, ExtremesCountAsTheNearestBucket) {
  Histogram histogram;
  histogram.add(0);
  histogram.add(std::numeric_limits<float>::infinity());
  const HistogramCounts counts = counted(histogram);
  EXPECT_EQ(counts.counts.front(), 1u);
  EXPECT_EQ(counts.counts.back(), 1u);
  EXPECT_DOUBLE_EQ(counts.summary().max_ms, UINT32_MAX / 1000.0);
}

TEST(Latencies, ThreadsAreMergedPhaseByPhase) {
  Latencies one;
  Latencies other;
  one.add({.dns_ms = 10, .first_byte_ms = 20, .total_ms = 30});
  other.add({.first_byte_ms = 40, .total_ms = 50});
  const Latencies* both[] = {&one, &other};
  const LatencySnapshot merged = merge(both);
  EXPECT_EQ(merged.dns.count, 1u);
  EXPECT_EQ(merged.tls.count, 0u);
  EXPECT_EQ(merged.first_byte.count, 2u);
  EXPECT_DOUBLE_EQ(merged.total.max_ms, 50);
  EXPECT_DOUBLE_EQ(merged.total.sum_ms, 80);
}

}  // namespace
}  // namespace pixhaul::stats
