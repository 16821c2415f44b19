#include "net/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

// What is tried again, and when. Pure functions: the clock and the dice are handed in.

namespace pixhaul::net {

namespace {

using std::chrono::seconds;

constexpr Duration kFirstBackoff = seconds(1);
constexpr Duration kLongestBackoff = seconds(30);
constexpr Duration kLongestRetryAfter = seconds(300);

// The set curl --retry and Scrapy's RetryMiddleware agree on (408, 429, 500, 502, 503, 504, 522,
// 524), and 425 Too Early, which says so itself (RFC 8470 §5.2). Not 501 or 505: they describe the
// server, not the moment.
bool is_transient_status(std::uint16_t status) {
  constexpr std::array<std::uint16_t, 9> kStatuses = {408, 425, 429, 500, 502, 503, 504, 522, 524};
  return std::ranges::find(kStatuses, status) != kStatuses.end();
}

// Reads dates from left to right; one failure makes every later step fail.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool is_at_end() const { return ok_ && rest_.empty(); }

  void skip(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return fail();
    rest_.remove_prefix(wanted.size());
  }
  int number(std::size_t width) {
    int value = 0;
    auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + std::min(width, rest_.size()), value);
    if (rest_.empty() || rest_.front() == '-' || end != rest_.data() + width ||
        error != std::errc()) {
      fail();
      return 0;
    }
    rest_.remove_prefix(width);
    return value;
  }
  // The index of the name in `names`, which are `width` long each.
  int name(std::string_view names, std::size_t width) {
    for (std::size_t at = 0; at < names.size(); at += width) {
      if (!rest_.starts_with(names.substr(at, width))) continue;
      rest_.remove_prefix(width);
      return static_cast<int>(at / width);
    }
    fail();
    return 0;
  }
  int month() { return name("JanFebMarAprMayJunJulAugSepOctNovDec", 3) + 1; }
  seconds time_of_day() {
    int hour = number(2);
    skip(":");
    int minute = number(2);
    skip(":");
    int second = number(2);
    if (hour > 23 || minute > 59 || second > 60) fail();
    return seconds((hour * 60 + minute) * 60 + second);
  }
  // A single-digit day may be padded with a blank (asctime).
  int padded_day() {
    if (!rest_.starts_with(' ')) return number(2);
    skip(" ");
    return number(1);
  }

 private:
  void fail() { ok_ = false; }

  std::string_view rest_;
  bool ok_ = true;
};

std::optional<WallTime> make_time(const DateReader& reader, int year, int month, int day,
                                  seconds time) {
  // The clock's nanoseconds reach from 1677 to 2262.
  year = std::clamp(year, 1700, 2200);
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.is_at_end() || !date.ok()) return std::nullopt;
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::sys_days(date) + time);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<WallTime> parse_imf_fixdate(std::string_view text) {
  DateReader reader(text);
  reader.name("SunMonTueWedThuFriSat", 3);
  reader.skip(", ");
  int day = reader.number(2);
  reader.skip(" ");
  int month = reader.month();
  reader.skip(" ");
  int year = reader.number(4);
  reader.skip(" ");
  seconds time = reader.time_of_day();
  reader.skip(" GMT");
  return make_time(reader, year, month, day, time);
}

// "Sunday, 06-Nov-94 08:49:37 GMT". RFC 9110 §5.6.7: a two-digit year more than 50 years ahead is
// the most recent year in the past with the same last two digits.
std::optional<WallTime> parse_rfc850_date(std::string_view text, WallTime now) {
  std::size_t comma = text.find("day, ");
  if (comma == std::string_view::npos || comma > 6) return std::nullopt;
  DateReader reader(text.substr(comma + 5));
  int day = reader.number(2);
  reader.skip("-");
  int month = reader.month();
  reader.skip("-");
  int year = reader.number(2);
  reader.skip(" ");
  seconds time = reader.time_of_day();
  reader.skip(" GMT");
  std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  int this_year = static_cast<int>(today.year());
  year += this_year / 100 * 100;
  if (year > this_year + 50) year -= 100;
  if (year <= this_year - 50) year += 100;
  return make_time(reader, year, month, day, time);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<WallTime> parse_asctime_date(std::string_view text) {
  DateReader reader(text);
  reader.name("SunMonTueWedThuFriSat", 3);
  reader.skip(" ");
  int month = reader.month();
  reader.skip(" ");
  int day = reader.padded_day();
  reader.skip(" ");
  seconds time = reader.time_of_day();
  reader.skip(" ");
  int year = reader.number(4);
  return make_time(reader, year, month, day, time);
}

}  // namespace

bool is_transient(ErrorCode code, std::uint16_t http_status) {
  switch (code) {
    case ErrorCode::http_4xx:
    case ErrorCode::http_5xx:
      return is_transient_status(http_status);
    // A resolver that does not answer or fails says nothing about the name; "no such name"
    // (dns_not_found) does.
    case ErrorCode::dns_timeout:
    case ErrorCode::dns_error:
    // Scrapy retries refusals, curl only when asked; a server being restarted refuses for a second,
    // and the circuit breaker bounds what a dead one costs.
    case ErrorCode::connect_refused:
    case ErrorCode::unreachable:
    case ErrorCode::connect_timeout:
    case ErrorCode::connection_reset:
    case ErrorCode::rate_limited:
    case ErrorCode::too_slow:
    case ErrorCode::deadline:
    case ErrorCode::truncated:
    // Nobody asked, or nobody got an answer: a later run may.
    case ErrorCode::host_down:
    case ErrorCode::host_busy:
      return true;
    // Not tls_handshake: versions and ciphers that do not match today do not match in a second, and
    // a handshake cut by the network is connection_reset. Not protocol_error: a malformed response
    // is how that server is.
    default:
      return false;
  }
}

// AWS Architecture Blog, "Exponential Backoff and Jitter" (Brooker 2015): of the jitters, "full"
// ends a storm with the fewest calls.
Duration backoff(unsigned attempt, Random& random) {
  unsigned doublings = std::min(attempt == 0 ? 0u : attempt - 1, 5u);
  Duration ceiling = std::min<Duration>(kFirstBackoff * (1u << doublings), kLongestBackoff);
  return std::chrono::duration_cast<Duration>(ceiling * random.next_unit());
}

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  if (auto time = parse_imf_fixdate(text)) return time;
  if (auto time = parse_rfc850_date(text, now)) return time;
  return parse_asctime_date(text);
}

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  if (value.empty()) return std::nullopt;
  bool is_number = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    std::uint64_t count = 0;
    auto parsed = std::from_chars(value.data(), value.data() + value.size(), count);
    if (parsed.ec != std::errc() || count > 300) return kLongestRetryAfter;
    return seconds(count);
  }
  std::optional<WallTime> date = parse_http_date(value, now);
  if (!date) return std::nullopt;
  if (*date <= now) return Duration(0);
  if (*date - now > kLongestRetryAfter) return kLongestRetryAfter;
  return std::chrono::duration_cast<Duration>(*date - now);
}

}  // namespace pixhaul::net
