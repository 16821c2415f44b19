#include "net/quote.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace pixhaul::net {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// The code point `text` begins with; shortest forms only, no surrogates.
CodePoint first_code_point(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  std::uint32_t value = lead & (0x7fU >> bytes);
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte_at(text, at) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte_at(text, at) & 0x3fU);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  if (overlong || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, bytes};
}

/// Line and paragraph separators, and what turns the direction of the text after it.
bool changes_the_line(std::uint32_t value) {
  return (value >= 0x200e && value <= 0x200f) || (value >= 0x2028 && value <= 0x202e) ||
         (value >= 0x2066 && value <= 0x2069) || value == 0xfeff;
}

bool is_plain(CodePoint point) {
  if (point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0)) return false;
  return !changes_the_line(point.value);
}

}  // namespace

std::string quote(std::string_view text, std::size_t limit_bytes) {
  std::string out = "'";
  while (!text.empty()) {
    if (out.size() > limit_bytes) {
      out += "...";
      break;
    }
    const CodePoint point = first_code_point(text);
    const std::size_t bytes = point.bytes == 0 ? 1 : point.bytes;
    if (point.bytes != 0 && is_plain(point)) {
      out += text.substr(0, bytes);
    } else {
      for (std::size_t at = 0; at < bytes; ++at)
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte_at(text, at));
    }
    text.remove_prefix(bytes);
  }
  return out += '\'';
}

}  // namespace pixhaul::net
