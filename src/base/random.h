#pragma once

#include <cstdint>

namespace pixhaul {

/// A source of random numbers that is handed in, so that a seed replays a run (SplitMix64, Steele
/// et al. 2014). For jitter and identifiers, not for secrets. One thread.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, 1).
  [[nodiscard]] double next_unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

/// A seed from the operating system.
[[nodiscard]] std::uint64_t system_seed();

}  // namespace pixhaul
