#include "image/python_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "base/json_writer.h"

namespace pixhaul::image {
namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// One character as Python prints it between quotes; `most` is the highest it prints as it is.
void append_printed(std::string& text, char c, char quote, std::uint8_t most) {
  const auto code = static_cast<std::uint8_t>(c);
  if (c == quote || c == '\\') {
    text.append({'\\', c});
  } else if (c == '\n') {
    text += "\\n";
  } else if (c == '\r') {
    text += "\\r";
  } else if (c == '\t') {
    text += "\\t";
  } else if (code < 0x20 || code == 0x7F || code > most) {
    text += fmt::format("\\x{:02x}", code);
  } else {
    text += c;
  }
}

char quote_for(std::string_view text) {
  return text.contains('\'') && !text.contains('"') ? '"' : '\'';
}

std::string bytes_text(std::string_view bytes) {
  const char quote = quote_for(bytes);
  std::string text = std::string("b") + quote;
  for (const char c : bytes) append_printed(text, c, quote, 0x7E);
  return text + quote;
}

/// REQUIRES: text is UTF-8.
std::u32string code_points(std::string_view text) {
  std::u32string points;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    PIXHAUL_CHECK(length > 0);
    constexpr std::uint8_t kFirstBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t point = static_cast<std::uint8_t>(text[0]) & kFirstBits[length];
    for (std::size_t i = 1; i < length; ++i) {
      point = point << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3F);
    }
    points += point;
    text.remove_prefix(length);
  }
  return points;
}

/// What Python's str.strip() takes away.
bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

void append_escaped(std::string& json, char32_t c) {
  switch (c) {
    case '"':
    case '\\':
      json.append({'\\', static_cast<char>(c)});
      return;
    case '\b':
      json += "\\b";
      return;
    case '\f':
      json += "\\f";
      return;
    case '\n':
      json += "\\n";
      return;
    case '\r':
      json += "\\r";
      return;
    case '\t':
      json += "\\t";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c < 0x7F) {
    json += static_cast<char>(c);
  } else if (c < 0x1'0000) {
    json += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
  } else {
    const auto above = static_cast<std::uint32_t>(c) - 0x1'0000;
    json += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (above >> 10), 0xDC00 + (above & 0x3FF));
  }
}

}  // namespace

std::string python_float_tuple(double value) {
  if (std::isnan(value)) return "(nan,)";
  std::string text = fmt::format("{}", value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return "(" + text + ",)";
}

std::string python_text(std::string_view text) {
  return is_utf8(text) ? std::string(text) : bytes_text(text);
}

std::string python_characters(std::string_view text) {
  std::string quoted;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, utf8_sequence(text));
    const char quote = quote_for(character);
    quoted += quote;
    for (const char c : character) append_printed(quoted, c, quote, 0xFF);
    quoted += quote;
    text.remove_prefix(character.size());
  }
  return quoted;
}

std::string_view python_strip(std::string_view text) {
  const std::u32string points = code_points(text);
  std::size_t first = 0;
  std::size_t last = points.size();
  while (first < last && is_space(points[first])) ++first;
  while (last > first && is_space(points[last - 1])) --last;
  for (std::size_t i = 0; i < first; ++i) text.remove_prefix(utf8_sequence(text));
  std::size_t length = 0;
  for (std::size_t i = first; i < last; ++i) length += utf8_sequence(text.substr(length));
  return text.substr(0, length);
}

void append_json_dump(std::string& json, std::string_view text) {
  json += '"';
  for (const char32_t c : code_points(text)) append_escaped(json, c);
  json += '"';
}

}  // namespace pixhaul::image
