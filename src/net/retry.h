#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Whether the same request may succeed a little later, in this run or the next. `http_status`: of
/// the final response, 0 when there was none; it decides for `http_4xx` and `http_5xx`.
[[nodiscard]] bool is_transient(ErrorCode code, std::uint16_t http_status);

/// How long to wait before trying again after `attempt` attempts (from 1): uniform between 0 and
/// min(30 s, 1 s × 2^(attempt − 1)), "full jitter".
[[nodiscard]] Duration backoff(unsigned attempt, Random& random);

/// What a Retry-After field asks for (RFC 9110 §10.2.3), in seconds or as a date, from 0 to 300 s:
/// a longer wish is cut, a date that has passed is 0. Nothing for text that is neither.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view value, WallTime now);

/// An HTTP-date in any of the three forms a recipient must take (RFC 9110 §5.6.7). `now` places a
/// two-digit year.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);

}  // namespace pixhaul::net
