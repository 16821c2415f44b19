#pragma once

#include <cstdint>
#include <string>

// How figures are shown to people: pure functions.
namespace pixhaul {

/// "812 B", "12.4 MB" (decimal).
[[nodiscard]] std::string bytes_words(double bytes);
/// "0.35 s", "12 s", "4 min 10 s", "2 h 5 min".
[[nodiscard]] std::string duration_words(double seconds);
/// "12 345 678", so that long counts can be read.
[[nodiscard]] std::string count_words(std::uint64_t count);

}  // namespace pixhaul
