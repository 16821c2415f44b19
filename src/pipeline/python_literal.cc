#include "pipeline/python_literal.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace pixhaul::pipeline {

namespace {

constexpr std::string_view kBlanks = " \t\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xc0 | point >> 6);
    byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3f));
    byte(0x80 | (point & 0x3f));
  } else {
    byte(0xf0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3f));
    byte(0x80 | (point >> 6 & 0x3f));
    byte(0x80 | (point & 0x3f));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool is_at_end() {
    rest_ = trim(rest_);
    return rest_.empty();
  }
  [[nodiscard]] bool begins_string() const {
    return !rest_.empty() && (rest_.front() == '\'' || rest_.front() == '"');
  }
  bool take(char wanted) {
    rest_ = trim(rest_);
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // REQUIRES: begins_string().
  [[nodiscard]] std::optional<std::string> string() {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == quote) return text;
      if (c != '\\') {
        text += c;
      } else if (!escape(text)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string word(std::string_view ends) {
    const std::size_t end = std::min(rest_.find_first_of(ends), rest_.size());
    const std::string text(trim(rest_.substr(0, end)));
    rest_.remove_prefix(end);
    return text;
  }

 private:
  bool escape(std::string& text) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case 'n':
        text += '\n';
        return true;
      case 't':
        text += '\t';
        return true;
      case 'r':
        text += '\r';
        return true;
      case 'x':
        return code_point(text, 2);
      case 'u':
        return code_point(text, 4);
      case 'U':
        return code_point(text, 8);
      case '\\':
      case '\'':
      case '"':
        text += c;
        return true;
      default:  // Python keeps the backslash of what is no escape
        text += '\\';
        text += c;
        return true;
    }
  }

  bool code_point(std::string& text, std::size_t digits) {
    std::uint32_t point = 0;
    if (rest_.size() < digits) return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + digits, point, 16);
    if (error != std::errc() || end != rest_.data() + digits || point > 0x10ffff) return false;
    rest_.remove_prefix(digits);
    append_utf8(text, point);
    return true;
  }

  std::string_view rest_;
};

std::optional<PythonLiteral> parse_list(Reader& reader, char close) {
  PythonLiteral list{.kind = PythonLiteral::Kind::list};
  const char ends[] = {',', close, '\0'};
  while (!reader.take(close)) {
    if (reader.is_at_end()) return std::nullopt;
    std::optional<std::string> item =
        reader.begins_string() ? reader.string() : std::optional(reader.word(ends));
    if (!item) return std::nullopt;
    list.items.push_back(std::move(*item));
    if (reader.take(',')) continue;
    if (reader.take(close)) break;
    return std::nullopt;
  }
  return reader.is_at_end() ? std::optional(std::move(list)) : std::nullopt;
}

}  // namespace

std::optional<PythonLiteral> parse_python_literal(std::string_view text) {
  const std::string_view trimmed = trim(text);
  Reader reader(trimmed);
  if (reader.begins_string()) {
    auto string = reader.string();
    if (!string || !reader.is_at_end()) return std::nullopt;
    return PythonLiteral{.kind = PythonLiteral::Kind::string, .text = std::move(*string)};
  }
  if (reader.take('[')) return parse_list(reader, ']');
  if (reader.take('(')) return parse_list(reader, ')');
  return PythonLiteral{.text = std::string(trimmed)};
}

std::string python_string(std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == '\\' || c == quote) {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out += quote;
}

}  // namespace pixhaul::pipeline
