#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The text forms of option values: sizes, times, counts, lists. Pure functions; no option is known
// here.
namespace pixhaul::pipeline {

/// "64", "10K", "10MB" (decimal), "10KiB", "10Mi" (binary), a fraction as in "1.5GiB". nullopt if
/// it is none.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// The shortest form of these that parse_size reads back to `value`: "32MiB", "50M", "1024" as
/// "1KiB".
[[nodiscard]] std::string size_text(std::uint64_t value);

/// "250ms", "30s", "5m", "2h", "1d", "1.5s"; a bare number counts seconds, as with curl.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_time(std::string_view text);
[[nodiscard]] std::string time_text(std::chrono::milliseconds value);

/// A whole number of decimal digits.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);
/// A number such as "2" or "1.5".
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
/// A number from 0 to 1, also as "5%".
[[nodiscard]] std::optional<double> parse_ratio(std::string_view text);
[[nodiscard]] std::string ratio_text(double value);

/// "" and "true" are true, "false" is false; nullopt otherwise.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

/// The parts between `separator`, blanks around them removed, empty ones left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator);

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the
/// other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

}  // namespace pixhaul::pipeline
