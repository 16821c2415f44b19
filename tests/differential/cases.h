#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/random.h"

namespace pixhaul::testing {

/// How many cases a differential test makes: PIXHAUL_CASES, or a slice.
inline std::uint64_t case_count(std::uint64_t slice) {
  const char* const given = std::getenv("PIXHAUL_CASES");
  return given == nullptr ? slice : std::strtoull(given, nullptr, 10);
}

/// `text` with a few bytes turned, cut, doubled or replaced.
inline std::string mutated(std::string text, Random& chance) {
  for (std::uint64_t left = chance.next() % 4; left > 0 && !text.empty(); --left) {
    const std::size_t at = chance.next() % text.size();
    switch (chance.next() % 5) {
      case 0:
        text[at] = static_cast<char>(chance.next());
        break;
      case 1:
        text.erase(at, 1 + chance.next() % 8);
        break;
      case 2:
        text.insert(at, text.substr(at, 1 + chance.next() % 16));
        break;
      case 3:
        text[at] = static_cast<char>(text[at] ^ (1 << chance.next() % 8));
        break;
      default:
        text.insert(at, 1, "\r\n :;,0f+-\t"[chance.next() % 11]);
    }
  }
  return text;
}

}  // namespace pixhaul::testing
