// Numbers with units, both ways. Every text that the second half writes is read back by the first
// half to the same value; a text with trailing characters is refused rather than half-read.
#include "pipeline/option_values.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace pixhaul::pipeline {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// Longest suffix that writes a value exactly comes first for size_text: binary before decimal,
// large before small.
constexpr Unit kSizeUnits[] = {
    {"TiB", 1ull << 40},
    {"GiB", 1ull << 30},
    {"MiB", 1ull << 20},
    {"KiB", 1ull << 10},
    {"T", 1'000'000'000'000},
    {"G", 1'000'000'000},
    {"M", 1'000'000},
    {"K", 1'000},
    {"Ti", 1ull << 40},
    {"Gi", 1ull << 30},
    {"Mi", 1ull << 20},
    {"Ki", 1ull << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"kB", 1'000},
    {"KB", 1'000},
    {"k", 1'000},
    {"B", 1},
    {"", 1},
};
constexpr std::size_t kWrittenSizeUnits = 8;

constexpr Unit kTimeUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000},
    {"ms", 1},         {"min", 60'000},  {"", 1'000},
};
constexpr std::size_t kWrittenTimeUnits = 5;

template <std::size_t kCount>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const Unit (&units)[kCount]) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, digits);
  const std::string_view suffix = text.substr(digits);
  const auto* unit = std::find_if(std::begin(units), std::end(units),
                                  [&](const Unit& u) { return u.suffix == suffix; });
  if (unit == std::end(units) || number.empty()) return std::nullopt;
  if (const auto whole = parse_count(number)) {
    if (*whole > UINT64_MAX / unit->factor) return std::nullopt;
    return *whole * unit->factor;
  }
  double value = 0;
  const auto [end, error] =
      std::from_chars(number.begin(), number.end(), value, std::chars_format::fixed);
  if (error != std::errc() || end != number.end() || number.back() == '.' || number.front() == '.')
    return std::nullopt;
  value = std::round(value * static_cast<double>(unit->factor));
  if (value >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits);
}

std::string size_text(std::uint64_t value) {
  for (std::size_t i = 0; i < kWrittenSizeUnits && value != 0; ++i) {
    if (value % kSizeUnits[i].factor == 0)
      return fmt::format("{}{}", value / kSizeUnits[i].factor, kSizeUnits[i].suffix);
  }
  return fmt::format("{}", value);
}

std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
  constexpr std::uint64_t kLongest =
      100ull * 365 * 86'400'000;  // a century; keeps every later sum of times whole
  const auto value = parse_with_unit(text, kTimeUnits);
  if (!value || *value > kLongest) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

std::string time_text(std::chrono::milliseconds value) {
  const auto count = static_cast<std::uint64_t>(value.count());
  for (std::size_t i = 0; i < kWrittenTimeUnits && count != 0; ++i) {
    // "90s" reads better than "90000ms" and "30s" than "0.5m": the first unit that divides wins.
    if (count % kTimeUnits[i].factor == 0)
      return fmt::format("{}{}", count / kTimeUnits[i].factor, kTimeUnits[i].suffix);
  }
  return "0s";
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (text.empty() || error != std::errc() || end != text.end()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.begin(), text.end(), value, std::chars_format::general);
  if (text.empty() || error != std::errc() || end != text.end()) return std::nullopt;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<double> parse_ratio(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  auto value = parse_number(text);
  if (value && percent) *value /= 100;
  const bool is_ratio = value && *value >= 0 && *value <= 1;
  return is_ratio ? value : std::nullopt;
}

std::string ratio_text(double value) { return fmt::format("{}", value); }

std::optional<bool> parse_boolean(std::string_view text) {
  if (text.empty() || text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    std::string_view part = text.substr(0, end);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// Optimal string alignment: three rows of the usual table, so that "conurrency" and "ocncurrency"
// are both one step away. Words are option names, a few dozen characters.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before(to.size() + 1);
  std::vector<std::size_t> above(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t change = from[i - 1] == to[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[to.size()];
}

}  // namespace pixhaul::pipeline
