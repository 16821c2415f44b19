#include "net/retry.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pixhaul::net {
namespace {

using namespace std::chrono_literals;

WallTime wall(int year, unsigned month, unsigned day, Duration time_of_day = 0s) {
  auto date = std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) /
                                    std::chrono::day(day));
  return std::chrono::time_point_cast<WallTime::duration>(date + time_of_day);
}

TEST(Retry, StatusesThatPassAreTransient) {
  for (std::uint16_t status : {408, 425, 429})
    EXPECT_TRUE(is_transient(ErrorCode::http_4xx, status));
  for (std::uint16_t status : {400, 401, 403, 404, 410, 451, 999}) {
    EXPECT_FALSE(is_transient(ErrorCode::http_4xx, status)) << status;
  }
  for (std::uint16_t status : {500, 502, 503, 504, 522, 524}) {
    EXPECT_TRUE(is_transient(ErrorCode::http_5xx, status)) << status;
  }
  for (std::uint16_t status : {501, 505, 508, 511}) {
    EXPECT_FALSE(is_transient(ErrorCode::http_5xx, status)) << status;
  }
}

TEST(Retry, EveryRowStatusIsDecidedAsListed) {
  constexpr ErrorCode kTransient[] = {
      ErrorCode::dns_timeout,  ErrorCode::dns_error,       ErrorCode::connect_refused,
      ErrorCode::unreachable,  ErrorCode::connect_timeout, ErrorCode::connection_reset,
      ErrorCode::rate_limited, ErrorCode::too_slow,        ErrorCode::deadline,
      ErrorCode::truncated,    ErrorCode::host_down,       ErrorCode::host_busy};
  for (int value = 0; value < 256; ++value) {
    auto code = static_cast<ErrorCode>(value);
    bool expected = std::ranges::find(kTransient, code) != std::end(kTransient);
    EXPECT_EQ(is_transient(code, 0), expected) << value;
  }
}

TEST(Retry, BackoffIsUniformBelowADoublingCeilingOfThirtySeconds) {
  Random random(7);
  for (unsigned attempt : {1u, 2u, 3u, 5u, 6u, 40u, 4000000000u}) {
    double ceiling = std::min(30.0, attempt > 6 ? 30.0 : static_cast<double>(1u << (attempt - 1)));
    double sum = 0;
    double longest = 0;
    for (int i = 0; i < 2000; ++i) {
      double seconds = std::chrono::duration<double>(backoff(attempt, random)).count();
      ASSERT_GE(seconds, 0);
      ASSERT_LE(seconds, ceiling);
      sum += seconds;
      longest = std::max(longest, seconds);
    }
    EXPECT_NEAR(sum / 2000, ceiling / 2, ceiling * 0.03) << attempt;
    EXPECT_GT(longest, ceiling * 0.98) << attempt;
  }
}

TEST(Retry, TheThreeFormsOfADateAreOneMoment) {
  WallTime now = wall(2026, 11, 23);
  WallTime expected = wall(1994, 11, 6, 8h + 49min + 37s);
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), expected);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", now), wall(1994, 11, 16, 8h + 49min + 37s));
  EXPECT_EQ(parse_http_date("Wednesday, 01-Jan-70 00:00:00 GMT", now), wall(2070, 1, 1));
  EXPECT_EQ(parse_http_date("Wednesday, 01-Jan-78 00:00:00 GMT", now), wall(1978, 1, 1));
}

TEST(Retry, DatesThatAreNoneAreRefused) {
  WallTime now = wall(2026, 11, 23);
  for (const char* text :
       {"", "tomorrow", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text, now)) << text;
  }
}

TEST(Retry, RetryAfterIsReadInSecondsAndDatesAndCutAtFiveMinutes) {
  WallTime now = wall(2026, 11, 23, 12h);
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after("007", now), 7s);
  EXPECT_EQ(parse_retry_after("300", now), 300s);
  EXPECT_EQ(parse_retry_after("301", now), 300s);
  EXPECT_EQ(parse_retry_after("1000000000", now), 300s);
  EXPECT_EQ(parse_retry_after("99999999999999999999999999", now), 300s);
  EXPECT_EQ(parse_retry_after("Mon, 23 Nov 2026 12:00:42 GMT", now), 42s);
  EXPECT_EQ(parse_retry_after("Mon Nov 23 12:00:42 2026", now), 42s);
  EXPECT_EQ(parse_retry_after("Mon, 23 Nov 2026 11:59:42 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("Mon, 23 Nov 2099 12:00:42 GMT", now), 300s);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), 300s);
  for (const char* text : {"", "-1", "+5", "1.5", "5s", "5 ", "soon", "0x10"}) {
    EXPECT_FALSE(parse_retry_after(text, now)) << text;
  }
}

}  // namespace
}  // namespace pixhaul::net
