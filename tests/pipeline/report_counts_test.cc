#include "pipeline/report_counts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pixhaul::pipeline {
namespace {

// As good as a digest's first digits.
std::string digest(std::uint64_t number) {
  std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return fmt::format("{:016x}{:048x}", mixed ^ (mixed >> 31), number);
}

TEST(CopyCounter, CountsCopiesAndTheirBytes) {
  CopyCounter copies;
  for (int i = 0; i < 5; ++i) copies.add(digest(1), 100, fmt::format("one{}", i));
  for (int i = 0; i < 2; ++i) copies.add(digest(2), 10, fmt::format("two{}", i));
  copies.add(digest(3), 1000, "three");
  copies.add("", 1, "without");
  copies.add("no hex at all, but long enough", 1, "broken");
  EXPECT_EQ(copies.pictures(), 8u);
  EXPECT_EQ(copies.copies(), 5u);
  EXPECT_EQ(copies.copied_bytes(), 410u);
  EXPECT_FALSE(copies.is_estimate());
  const auto top = copies.top(9);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].count, 5u);
  EXPECT_EQ(top[0].first, "one0");
  EXPECT_EQ(top[0].digest, digest(1).substr(0, 16));
  EXPECT_EQ(top[1].bytes, 10u);
  EXPECT_EQ(copies.top(1).front().first, "one0");
}

// 40,000 different pictures in room for 1,000; every tenth comes three times.
TEST(CopyCounter, EstimatesWithinATenthWhereThereIsNoRoomForAll) {
  CopyCounter copies(1000);
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 40'000; ++i)
      if (round == 0 || i % 10 == 0) copies.add(digest(i), 7, "");
  }
  EXPECT_TRUE(copies.is_estimate());
  EXPECT_EQ(copies.pictures(), 48'000u);
  EXPECT_NEAR(static_cast<double>(copies.copies()), 8000, 2400);
  EXPECT_EQ(copies.copied_bytes(), copies.copies() * 7);
}

TEST(HostTable, HostsBeyondItsRoomAreCountedTogether) {
  HostTable hosts(2);
  for (const std::string_view host : {"a", "b", "c", "a", "d", "b", "a"}) ++hosts.of(host).rows;
  const auto top = hosts.top(5);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].host, "a");
  EXPECT_EQ(top[0].rows, 3u);
  EXPECT_EQ(hosts.others().rows, 2u);
  EXPECT_EQ(hosts.top(1).size(), 1u);
}

TEST(Course, StretchesGrowSoThatTheyStayFew) {
  Course course;
  EXPECT_TRUE(course.all().empty());
  constexpr std::int64_t kBegin = 1'790'000'001;
  for (std::int64_t second = 0; second < 100'000; second += 7)
    course.add(kBegin + second, 1, 0, 10);
  course.add(kBegin - 50'000, 0, 5, 0);
  const auto all = course.all();
  EXPECT_LE(all.size(), static_cast<std::size_t>(Course::kStretches));
  EXPECT_GE(all.size(), static_cast<std::size_t>(Course::kStretches) / 3);
  std::uint64_t images = 0;
  std::uint64_t failed = 0;
  for (const auto& stretch : all) images += stretch.images, failed += stretch.failed;
  EXPECT_EQ(images, 14'286u);
  EXPECT_EQ(failed, 5u);
  EXPECT_EQ(all.front().failed, 5u);
  EXPECT_LE(course.begin(), kBegin - 50'000);
  EXPECT_GT(course.begin() + course.seconds_each(), kBegin - 50'000);
}

TEST(Spread, QuantilesAreAtMostASixteenthAbove) {
  Spread spread;
  EXPECT_EQ(spread.quantile(0.5), 0u);
  for (std::uint64_t value = 1; value <= 1000; ++value) spread.add(value * 100);
  EXPECT_EQ(spread.smallest(), 100u);
  EXPECT_EQ(spread.largest(), 100'000u);
  EXPECT_EQ(spread.sum(), 50'050'000u);
  for (const double share : {0.1, 0.5, 0.9}) {
    EXPECT_GE(static_cast<double>(spread.quantile(share)), share * 100'000);
    EXPECT_LE(static_cast<double>(spread.quantile(share)), share * 100'000 * 1.0625);
  }
  EXPECT_EQ(spread.quantile(1), 100'000u);
  spread.add(std::uint64_t{1} << 40);
  EXPECT_EQ(spread.largest(), std::uint64_t{1} << 40);
}

}  // namespace
}  // namespace pixhaul::pipeline
