#include "readers/json_text.h"

#include <array>
#include <cstdint>

namespace pixhaul::readers {

namespace {

constexpr std::uint32_t kMaxDepth = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The four digits at the front; nullopt-like -1.
std::int32_t hex_unit(std::string_view text) {
  if (text.size() < 4) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// `text` follows "\u"; returns how many bytes of it the character takes. RFC 8259 §7: a character
// outside the first plane is two units; half of one becomes U+FFFD.
std::size_t append_escaped(std::string_view text, std::string& out) {
  const auto high = static_cast<std::uint32_t>(hex_unit(text));
  if (high < 0xd800 || high > 0xdfff) {
    append_utf8(high, out);
    return 4;
  }
  const std::int32_t low =
      text.substr(4).starts_with("\\u") && text.size() >= 10 ? hex_unit(text.substr(6)) : -1;
  const bool is_pair = high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff;
  if (!is_pair) {
    append_utf8(0xfffd, out);
    return 4;
  }
  append_utf8(0x10000 + ((high - 0xd800) << 10) + (static_cast<std::uint32_t>(low) - 0xdc00), out);
  return 10;
}

}  // namespace

bool JsonText::take_value(std::string_view& value) {
  skip_blanks();
  const std::size_t begin = at_;
  if (!skip_value()) return false;
  value = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonText::take_string(std::string_view& text) {
  skip_blanks();
  const std::size_t begin = at_;
  if (!skip_string()) return false;
  text = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonText::take(char c) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonText::at_end() {
  skip_blanks();
  return at_ == text_.size();
}

void JsonText::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

bool JsonText::skip_string() {
  if (at_ >= text_.size() || text_[at_] != '"') return false;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c != '\\') continue;
    if (++at_ >= text_.size()) return false;
    if (text_[at_] == 'u') {
      if (hex_unit(text_.substr(at_ + 1)) < 0) return false;
      at_ += 4;
    } else if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
      return false;
    }
  }
  return false;
}

bool JsonText::skip_digits() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  return at_ > begin;
}

// RFC 8259 §6: no leading zero, no bare point.
bool JsonText::skip_number() {
  if (at_ < text_.size() && text_[at_] == '-') ++at_;
  if (skip_word("Infinity")) return true;
  const bool zero = at_ < text_.size() && text_[at_] == '0';
  const std::size_t begin = at_;
  if (!skip_digits() || (zero && at_ - begin > 1)) return false;
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    if (!skip_digits()) return false;
  }
  if (at_ < text_.size() && (text_[at_] | 0x20) == 'e') {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    return skip_digits();
  }
  return true;
}

bool JsonText::skip_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool JsonText::skip_scalar() {
  if (at_ >= text_.size()) return false;
  switch (text_[at_]) {
    case '"':
      return skip_string();
    case 't':
      return skip_word("true");
    case 'f':
      return skip_word("false");
    case 'n':
      return skip_word("null");
    case 'N':
      return skip_word("NaN");
    default:
      return skip_number();
  }
}

// No recursion: bit d of `objects` says what the brackets open at depth d are.
bool JsonText::skip_value() {
  std::uint64_t objects = 0;
  std::uint32_t depth = 0;
  for (;;) {
    skip_blanks();
    const bool opens = at_ < text_.size() && (text_[at_] == '{' || text_[at_] == '[');
    if (opens) {
      if (depth == kMaxDepth) return false;
      const bool is_object = text_[at_++] == '{';
      objects = is_object ? objects | (1ull << depth) : objects & ~(1ull << depth);
      ++depth;
      if (!take(is_object ? '}' : ']')) {
        std::string_view key;
        if (is_object && (!take_string(key) || !take(':'))) return false;
        continue;
      }
      --depth;
    } else if (!skip_scalar()) {
      return false;
    }
    // Behind a value: what closes, and then a comma or the end.
    for (;;) {
      if (depth == 0) return true;
      const bool in_object = ((objects >> (depth - 1)) & 1) != 0;
      if (take(',')) {
        std::string_view key;
        if (in_object && (!take_string(key) || !take(':'))) return false;
        break;
      }
      if (!take(in_object ? '}' : ']')) return false;
      --depth;
    }
  }
}

std::string json_string_value(std::string_view quoted) {
  std::string value;
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  constexpr std::array<std::string_view, 2> kEscapes = {"bfnrt", "\b\f\n\r\t"};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      value += text[at];
      continue;
    }
    const char c = text[++at];
    const std::size_t known = kEscapes[0].find(c);
    if (c == 'u') {
      at += append_escaped(text.substr(at + 1), value);
    } else {
      value += known == std::string_view::npos ? c : kEscapes[1][known];
    }
  }
  return value;
}

}  // namespace pixhaul::readers
