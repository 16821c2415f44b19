#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pixhaul::net {

/// A header field. Views into the buffer it was parsed from: valid until that buffer changes.
struct Field {
  std::string_view name{};   ///< as sent; compare without case
  std::string_view value{};  ///< without surrounding white space
};

/// How the end of a body is known (RFC 9112 §6.3).
enum class Framing : std::uint8_t {
  none,        // no body: 204, 304
  length,      // Content-Length
  chunked,     // Transfer-Encoding: chunked
  until_close  // the connection's end is the body's end
};

/// The status line and fields of one final response, HTTP/1.1 and HTTP/2 alike.
struct ResponseHead {
  std::uint16_t status = 0;
  Framing framing = Framing::none;
  std::optional<std::uint64_t> content_length{};
  bool keep_alive = false;  ///< the connection may carry another request (HTTP/1.1 only)
  std::string_view reason{};
  std::vector<Field> fields{};

  /// Value of the first field of that name ("" if absent); `name` in lower case.
  [[nodiscard]] std::string_view find(std::string_view name) const;
};

/// ASCII case-insensitive equality; `lower` is already in lower case.
[[nodiscard]] bool equals_ignoring_case(std::string_view text, std::string_view lower);

}  // namespace pixhaul::net
