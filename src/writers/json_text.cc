// JSON as Python's json module lays it out, so that a sample's JSON is what img2dataset's users
// have parsed, compared and hashed so far. Input values arrive as compact JSON made elsewhere; they
// are walked character by character, never built into a tree: laying out one sample's kilobyte
// costs about as much as copying it. Strings are spelled anew on the way, since there are many
// right spellings and Python knows one.
#include "writers/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/json_writer.h"

namespace pixhaul::writers {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::size_t kIndent = 4;

// What stands in a JSON string as it is: Python's ensure_ascii keeps ' ' to '~'.
constexpr std::array<bool, 256> make_plain_table() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}

constexpr std::array<bool, 256> kPlain = make_plain_table();

std::size_t plain_prefix(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && kPlain[static_cast<unsigned char>(text[count])]) ++count;
  return count;
}

void append_unit(std::string& out, std::uint32_t unit) {
  out += "\\u";
  for (const int shift : {12, 8, 4, 0}) out += kHex[(unit >> shift) & 15];
}

// One UTF-16 unit or code point below 0x80 in Python's spelling.
void append_ascii(std::string& out, std::uint32_t c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      if (c >= 0x20 && c < 0x7f) {
        out += static_cast<char>(c);
      } else {
        append_unit(out, c);
      }
  }
}

void append_code_point(std::string& out, std::uint32_t c) {
  if (c < 0x80) return append_ascii(out, c);
  if (c < 0x10000) return append_unit(out, c);
  append_unit(out, 0xd800 + ((c - 0x10000) >> 10));
  append_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// Takes the code point in front, U+FFFD for a byte that begins none. REQUIRES: text is not empty.
std::uint32_t take_code_point(std::string_view& text) {
  const std::size_t length = utf8_sequence(text);
  if (length == 0) {
    text.remove_prefix(1);
    return 0xfffd;
  }
  constexpr std::array<unsigned, 5> kLead = {0, 0x7f, 0x1f, 0x0f, 0x07};
  std::uint32_t c = static_cast<unsigned char>(text[0]) & kLead[length];
  for (std::size_t i = 1; i < length; ++i) {
    c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  text.remove_prefix(length);
  return c;
}

// Takes the escape in front: "\n", "\u00e9". REQUIRES: text begins with a backslash.
std::uint32_t take_escape(std::string_view& text) {
  text.remove_prefix(1);
  if (text.empty()) return 0xfffd;
  const char c = text.front();
  text.remove_prefix(1);
  if (c == 'u') {
    std::uint32_t unit = 0xfffd;
    const std::string_view digits = text.substr(0, 4);
    std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    text.remove_prefix(digits.size());
    return unit;
  }
  constexpr std::string_view kLetters = "bfnrt";
  constexpr std::string_view kMeanings = "\b\f\n\r\t";
  const std::size_t at = kLetters.find(c);
  return static_cast<unsigned char>(at == std::string_view::npos ? c : kMeanings[at]);
}

// `inner`: what stands between a JSON string's quotes.
void append_respelled(std::string& out, std::string_view inner) {
  out += '"';
  for (;;) {
    const std::size_t plain = plain_prefix(inner);
    out.append(inner.data(), plain);
    inner.remove_prefix(plain);
    if (inner.empty()) break;
    // An escape may be half of a surrogate pair; the other half follows as an escape of its own.
    append_code_point(out, inner.front() == '\\' ? take_escape(inner) : take_code_point(inner));
  }
  out += '"';
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

void trim(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
}

// The length of the string literal in front, quotes included. REQUIRES: text begins with a quote.
std::size_t literal_length(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at < text.size() ? at + 1 : text.size();
}

// The length of the value in front, up to a comma beside it.
std::size_t value_length(std::string_view text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at += literal_length(text.substr(at));
      continue;
    }
    if (c == ',' && depth == 0) break;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    ++at;
  }
  return at;
}

std::string_view between_quotes(std::string_view literal) {
  literal.remove_prefix(1);
  if (!literal.empty()) literal.remove_suffix(1);
  return literal;
}

}  // namespace

void append_python_string(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    append_code_point(out, take_code_point(text));
  }
  out += '"';
}

// float.__repr__: the shortest digits that give the value back, with an exponent below 1e-4 and
// from 1e16 on.
void append_python_float(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  std::array<char, 32> text;
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view digits(text.data(), static_cast<std::size_t>(written.ptr - text.data()));
  out += digits;
  if (plain && digits.find('.') == std::string_view::npos) out += ".0";
}

void append_indented(std::string& out, std::string_view value, std::size_t depth) {
  const auto new_line = [&] {
    out += '\n';
    out.append(depth * kIndent, ' ');
  };
  while (!value.empty()) {
    const char c = value.front();
    if (c == '"') {
      const std::string_view literal = value.substr(0, literal_length(value));
      append_respelled(out, between_quotes(literal));
      value.remove_prefix(literal.size());
      continue;
    }
    value.remove_prefix(1);
    if (is_space(c)) continue;
    if (c == ']' || c == '}') {
      if (depth > 0) --depth;
      new_line();
    }
    out += c;
    if (c == ':') out += ' ';
    if (c == ',') new_line();
    if (c != '[' && c != '{') continue;
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
    if (!value.empty() && (value.front() == ']' || value.front() == '}')) {
      out += value.front();
      value.remove_prefix(1);
      continue;
    }
    ++depth;
    new_line();
  }
}

void append_unquoted(std::string& out, std::string_view literal) {
  std::string_view inner = between_quotes(literal);
  while (!inner.empty()) {
    const std::size_t plain = inner.find('\\');
    out += inner.substr(0, plain);
    if (plain == std::string_view::npos) return;
    inner.remove_prefix(plain);
    std::uint32_t c = take_escape(inner);
    if (c >= 0xd800 && c < 0xdc00 && inner.starts_with("\\u")) {
      std::string_view behind = inner;
      const std::uint32_t low = take_escape(behind);
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        inner = behind;
      }
    }
    if (c >= 0xd800 && c < 0xe000) {
      out += kReplacement;
    } else {
      append_utf8(out, c);
    }
  }
}

JsonItems::JsonItems(std::string_view text) : rest_(text) {
  trim(rest_);
  if (rest_.size() < 2 || (rest_.front() != '{' && rest_.front() != '[')) return;
  rest_.remove_prefix(1);
  rest_.remove_suffix(1);
}

std::optional<JsonItems::Item> JsonItems::next() {
  trim(rest_);
  if (rest_.empty()) return std::nullopt;
  Item item;
  if (rest_.front() == '"') {
    const std::string_view literal = rest_.substr(0, literal_length(rest_));
    std::string_view behind = rest_.substr(literal.size());
    trim(behind);
    if (behind.starts_with(':')) {
      item.literal = literal;
      rest_ = behind.substr(1);
    }
  }
  item.value = rest_.substr(0, value_length(rest_));
  rest_.remove_prefix(item.value.size());
  if (!rest_.empty()) rest_.remove_prefix(1);  // the comma
  trim(item.value);
  if (item.value.empty()) return std::nullopt;
  return item;
}

}  // namespace pixhaul::writers
