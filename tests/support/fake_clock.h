#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace pixhaul::testing {

/// Time that moves only when told. Steady time starts at 1000 s, wall time at 2026-01-01 00:00:00
/// UTC, and both move together. Any thread.
class FakeClock final : public Clock {
 public:
  FakeClock() = default;

  [[nodiscard]] Instant now() const override { return Instant(Duration(now_.load())); }
  [[nodiscard]] WallTime wall_now() const override {
    const Duration since_start = Duration(now_.load()) - kStart;
    return WallTime(std::chrono::duration_cast<WallTime::duration>(kWallStart + since_start));
  }
  void advance(Duration by) { now_ += by.count(); }
  void set(Instant instant) { now_ = instant.time_since_epoch().count(); }

 private:
  static constexpr Duration kStart = std::chrono::seconds(1000);
  static constexpr Duration kWallStart = std::chrono::seconds(1'767'225'600);
  std::atomic<Duration::rep> now_{kStart.count()};
};

}  // namespace pixhaul::testing
