#include "base/log.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_writer.h"

namespace pixhaul {

namespace {

void append_digits(std::string& out, unsigned value, int width) {
  std::array<char, 8> digits;
  for (int i = width - 1; i >= 0; --i, value /= 10) {
    digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

bool parse_digits(std::string_view text, std::size_t at, std::size_t width, int& value) {
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + width, value);
  return error == std::errc() && end == begin + width && value >= 0;
}

// U+0080 to U+009F, and the marks that turn the direction of text round.
bool acts_on_terminal(std::string_view sequence) {
  const auto at = [sequence](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 2) return at(0) == 0xc2 && at(1) < 0xa0;
  if (sequence.size() != 3 || at(0) != 0xe2) return false;
  if (at(1) == 0x80) return (at(2) >= 0xaa && at(2) <= 0xae) || at(2) == 0x8e || at(2) == 0x8f;
  return at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9;
}

}  // namespace

std::string_view name(Severity level) {
  switch (level) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::info:
      return "info";
    case Severity::debug:
      return "debug";
  }
  return "";
}

void Log::write(Severity level, std::string_view part, std::string_view text) {
  if (!shows(level)) return;
  std::string line;
  append_rfc3339(line, clock_.wall_now());
  line += ' ';
  line += name(level);
  line += ' ';
  line += part;
  line += ": ";
  append_printable(line, text);
  const MutexLock lock(mutex_);
  sink_.line(level, line);
}

void append_rfc3339(std::string& out, WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(ms);
  const std::chrono::year_month_day date(day);
  const auto clock = static_cast<unsigned>((ms - day).count());
  append_digits(out, static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999)), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, clock / 3'600'000, 2);
  out += ':';
  append_digits(out, clock / 60'000 % 60, 2);
  out += ':';
  append_digits(out, clock / 1'000 % 60, 2);
  out += '.';
  append_digits(out, clock % 1'000, 3);
  out += 'Z';
}

bool parse_rfc3339(std::string_view text, WallTime& time) {
  if (text.size() != 24 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text[19] != '.' || text[23] != 'Z') {
    return false;
  }
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
  if (!parse_digits(text, 0, 4, y) || !parse_digits(text, 5, 2, mo) ||
      !parse_digits(text, 8, 2, d) || !parse_digits(text, 11, 2, h) ||
      !parse_digits(text, 14, 2, mi) || !parse_digits(text, 17, 2, s) ||
      !parse_digits(text, 20, 3, ms)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(y),
                                         std::chrono::month(static_cast<unsigned>(mo)),
                                         std::chrono::day(static_cast<unsigned>(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 59) return false;
  time = std::chrono::sys_days(date) + std::chrono::hours(h) + std::chrono::minutes(mi) +
         std::chrono::seconds(s) + std::chrono::milliseconds(ms);
  return true;
}

void append_printable(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  while (!text.empty()) {
    const unsigned char c = static_cast<unsigned char>(text.front());
    std::size_t length = utf8_sequence(text);
    const bool shown =
        length > 0 && c >= 0x20 && c != 0x7f && !acts_on_terminal(text.substr(0, length));
    if (shown) {
      out.append(text.data(), length);
    } else {
      length = std::max<std::size_t>(length, 1);
      for (std::size_t i = 0; i < length; ++i) {
        const unsigned char byte = static_cast<unsigned char>(text[i]);
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
    }
    text.remove_prefix(length);
  }
}

}  // namespace pixhaul
