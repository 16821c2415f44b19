#include "base/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace pixhaul {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// Plain ASCII that stands in a JSON string as it is. DEL is escaped: terminals act on it.
constexpr std::array<bool, 256> make_plain_table() {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x7f; ++c) plain[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  return plain;
}

constexpr std::array<bool, 256> kPlain = make_plain_table();

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
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
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  PIXHAUL_DEBUG_CHECK(error == std::errc());
  out.append(text.data(), end);
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
    if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && kPlain[static_cast<unsigned char>(text[plain])]) ++plain;
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const unsigned char c = static_cast<unsigned char>(text.front());
    if (c < 0x80) {
      append_escape(out, c);
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    out.append(text.data(), length);
    text.remove_prefix(length);
  }
  out += '"';
}

void JsonWriter::key(std::string_view name) {
  before_value();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  before_value();
  append_json_string(out_, text);
}

void JsonWriter::value(std::uint64_t number) {
  before_value();
  append_number(out_, number);
}

void JsonWriter::value(std::int64_t number) {
  before_value();
  append_number(out_, number);
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number) || std::fabs(number) > 9e15) return null();
  before_value();
  std::array<char, 32> text;
  const double rounded = std::round(number * 1000) / 1000;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), rounded);
  PIXHAUL_DEBUG_CHECK(error == std::errc());
  out_.append(text.data(), end);
}

void JsonWriter::value(bool truth) {
  before_value();
  out_ += truth ? "true" : "false";
}

void JsonWriter::null() {
  before_value();
  out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
  before_value();
  out_ += json;
}

void JsonWriter::open(char bracket) {
  before_value();
  out_ += bracket;
  ++depth_;
  PIXHAUL_CHECK(depth_ < 32);
  has_members_ &= ~(1u << depth_);
}

void JsonWriter::close(char bracket) {
  PIXHAUL_CHECK(depth_ > 0);
  --depth_;
  out_ += bracket;
}

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  const std::uint32_t bit = 1u << depth_;
  if (depth_ > 0 && (has_members_ & bit) != 0) out_ += ',';
  has_members_ |= bit;
}

}  // namespace pixhaul
