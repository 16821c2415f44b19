#pragma once

#include <chrono>

namespace pixhaul {

using Duration = std::chrono::nanoseconds;
/// Steady time: every deadline is one of these.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// Calendar time: for records only, never compared with a deadline.
using WallTime = std::chrono::system_clock::time_point;

/// Where time comes from. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

/// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace pixhaul
