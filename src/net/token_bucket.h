#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace pixhaul::net {

/// Holds back what exceeds a rate in the long run (`limit_rate`: tokens are bytes). Taking is never
/// refused, it runs into debt; `ready_at` says when the debt is paid. A rate of 0 is no limit. One
/// thread.
class TokenBucket {
 public:
  /// At most `burst` tokens are saved up; a tenth of a second's worth if 0.
  explicit TokenBucket(std::uint64_t per_second, std::uint64_t burst = 0)
      : per_second_(static_cast<double>(per_second)),
        burst_(static_cast<double>(burst != 0 ? burst : per_second / 10 + 1)),
        saved_(burst_) {}

  /// When the next token may be taken: `now` or earlier means at once.
  [[nodiscard]] Instant ready_at(Instant now) const {
    if (per_second_ == 0 || balance(now) >= 0) return now;
    return now + seconds_of(-balance(now));
  }
  /// How many may be taken now without debt; a reader sizes its read by it.
  [[nodiscard]] std::uint64_t available(Instant now) const {
    if (per_second_ == 0) return UINT64_MAX;
    return static_cast<std::uint64_t>(std::max(0.0, balance(now)));
  }
  void take(Instant now, std::uint64_t count) {
    if (per_second_ == 0) return;
    saved_ = balance(now) - static_cast<double>(count);
    at_ = now;
  }

 private:
  [[nodiscard]] Duration seconds_of(double tokens) const {
    return std::chrono::ceil<Duration>(std::chrono::duration<double>(tokens / per_second_)) +
           Duration(1);
  }
  [[nodiscard]] double balance(Instant now) const {
    if (at_ == Instant()) return saved_;
    const double seconds = std::chrono::duration<double>(now - at_).count();
    return std::min(burst_, saved_ + seconds * per_second_);
  }

  double per_second_;
  double burst_;
  double saved_;
  Instant at_{};  // when saved_ was true
};

/// Keeps a pause between the starts of requests to one host (`host_interval`). 0: none. One thread.
class IntervalGate {
 public:
  explicit IntervalGate(Duration interval) : interval_(interval) {}
  [[nodiscard]] Instant ready_at() const { return next_; }
  void take(Instant now) { next_ = now + interval_; }

 private:
  Duration interval_;
  Instant next_{};
};

}  // namespace pixhaul::net
