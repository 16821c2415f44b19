#include "dashboard/feed.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pixhaul::dashboard {
namespace {

TEST(DashboardFeed, CourseStaysWithin600PointsHoweverLongTheRun) {
  Feed feed;
  for (int second = 0; second < 5000; ++second) {
    StatsSnapshot now;
    now.seconds = second;
    now.rows_done = static_cast<std::uint64_t>(second) * 100;
    feed.publish(now);
  }
  const std::string json = feed.history_json();
  EXPECT_LE(std::ranges::count(json, '['), static_cast<long>(Feed::kPoints) + 1);
  EXPECT_GT(std::ranges::count(json, '['), static_cast<long>(Feed::kPoints) / 4);
  EXPECT_NE(json.find("[0,0,"), std::string::npos) << "the beginning is kept";
}

TEST(DashboardFeed, NewsComeOnceAndNotAfterTheEnd) {
  Feed feed;
  EXPECT_FALSE(feed.next(0, std::chrono::milliseconds(0)));
  feed.notice("a <b>notice</b>");
  const auto news = feed.next(0, std::chrono::milliseconds(0));
  ASSERT_TRUE(news);
  EXPECT_NE(news->json.find("a <b>notice</b>"), std::string::npos);
  EXPECT_FALSE(feed.next(news->version, std::chrono::milliseconds(0)));
  feed.finish();
  EXPECT_NE(feed.next(news->version, std::chrono::milliseconds(0))->json.find("\"finished\":true"),
            std::string::npos);
  feed.close();
  const auto last = feed.next(0, std::chrono::hours(1));
  ASSERT_TRUE(last) << "a page that is late still hears the end";
  EXPECT_FALSE(feed.next(last->version, std::chrono::hours(1)));
}

}  // namespace
}  // namespace pixhaul::dashboard
