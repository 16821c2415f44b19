#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace pixhaul {

/// Everything that can end a URL or a run, one flat list. The row statuses are a closed set: each
/// row ends in exactly one of them, under the name `name()` gives, in rows, JSON, metrics and docs
/// alike. Values are never reused once released.
enum class ErrorCode : std::uint8_t {
  success = 0,

  // input
  bad_row = 1,         // the line cannot be read as a row
  bad_url = 2,         // the row's URL is not a URL
  scheme_denied = 3,   // neither http nor https
  port_denied = 4,     // a port of another protocol (Fetch standard, "bad port")
  address_denied = 5,  // the host resolves to a private or special address

  // DNS
  dns_not_found = 10,
  dns_timeout = 11,
  dns_error = 12,

  // connect
  connect_refused = 20,
  unreachable = 21,
  connect_timeout = 22,
  connection_reset = 23,

  // TLS
  tls_handshake = 30,
  tls_certificate = 31,

  // HTTP
  http_4xx = 40,
  http_5xx = 41,
  rate_limited = 42,  // 429 or 503 with Retry-After
  redirect_limit = 43,
  redirect_loop = 44,
  redirect_bad = 45,
  protocol_error = 46,
  header_limit = 47,

  // body
  too_slow = 50,
  deadline = 51,
  too_large = 52,
  truncated = 53,
  encoding_limit = 54,

  // policy
  robots_txt = 60,
  opt_out = 61,

  // content
  not_image = 70,
  unsupported_format = 71,
  too_many_pixels = 72,
  too_complex = 73,
  decode_error = 74,
  decode_deadline = 75,
  decode_crash = 76,
  hash_mismatch = 77,
  filtered = 78,

  // host
  host_down = 80,
  host_busy = 81,

  internal = 90,  // a defect of ours; its allowed count is 0

  // The run's own errors; never a row status.
  bad_option = 128,         // exit 2
  input_unreadable = 129,   // exit 3
  output_unwritable = 130,  // exit 4
  disk_full = 131,          // exit 4
  other_input = 132,        // exit 4: the folder holds another list's run
  output_busy = 133,        // exit 8: another run holds the folder
  state_damaged = 134,      // exit 4
  cancelled = 135,          // a wait was given up because the run stops
};

/// The one spelling of a code, e.g. "dns_not_found".
[[nodiscard]] std::string_view name(ErrorCode code);
/// The code with that spelling, row statuses and run errors alike.
[[nodiscard]] std::expected<ErrorCode, std::string> parse_error_code(std::string_view text);
/// Every row status, in order of declaration.
[[nodiscard]] std::span<const ErrorCode> row_statuses();
/// Refused by policy or filter rather than failed: `fail_ratio` does not count it.
[[nodiscard]] bool is_refusal(ErrorCode code);
/// What the status means and what to do about it: two or three sentences for `pixhaul explain`.
[[nodiscard]] std::string_view explanation(ErrorCode code);
/// Five to eight words for the summary: "unknown host name".
[[nodiscard]] std::string_view short_meaning(ErrorCode code);

/// An error: what kind, and in words what was being done to what.
struct Error {
  ErrorCode code = ErrorCode::internal;
  int os_error = 0;      ///< errno when the system said so, else 0
  std::string detail{};  ///< "connect 203.0.113.7:443"; built only on failure
};

template <class T = void>
using Result = std::expected<T, Error>;

}  // namespace pixhaul
