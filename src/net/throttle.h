#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/random.h"

namespace pixhaul::net {

/// Where a limit begins and where it ends.
struct ThrottleLimits {
  std::uint16_t start = 2;
  std::uint16_t max = 6;
};

/// PRODUCT's limits of a host: 2 → 6 on HTTP/1.1, 8 → 24 on HTTP/2, min(N, 16) → N when the user
/// gave N.
[[nodiscard]] ThrottleLimits host_limits(bool is_http2, std::optional<std::uint16_t> explicit_max);

/// What tells us that a host has too much to do.
enum class Congestion : std::uint8_t {
  rate_limited,  // 429 or 503
  refused,       // the connection was refused
  reset,         // … or cut
  unconnected,   // … or not made in time
  timeout        // waiting for the first byte or the whole attempt took too long
};

/// How many requests one host is sent at once, and from when: adaptive concurrency, Retry-After,
/// pacing and the circuit breaker. A plain value without clock or I/O, ≤ 104 bytes; time is handed
/// in and does not run backwards.
///
/// Each request is `on_start` and then exactly one of `on_success`, `on_congestion`, `on_failure`,
/// `on_other`. The caller starts one only when `active() < limit()`, `now >= blocked_until()` and
/// not `is_down()`.
class HostThrottle {
 public:
  explicit HostThrottle(ThrottleLimits limits) { adopt(limits); }

  /// Other limits, e.g. when the first connection turns out to speak HTTP/2. What was learned
  /// stays.
  void adopt(ThrottleLimits limits);

  [[nodiscard]] unsigned limit() const { return static_cast<unsigned>(limit_); }
  [[nodiscard]] unsigned active() const { return active_; }
  /// No request before: the host asked for it, is parked, or is being paced.
  [[nodiscard]] Instant blocked_until() const { return blocked_until_; }
  /// Parked so often without a success that it is given up (`host_down`).
  [[nodiscard]] bool is_down() const { return parks_ > kMaxParks; }

  /// The circuit breaker holds it back.
  [[nodiscard]] bool is_parked(Instant now) const { return parks_ > 0 && now < blocked_until_; }
  /// It refused for rate and is left alone until `blocked_until()`.
  [[nodiscard]] bool is_limited(Instant now) const { return refusals_ > 0 && now < blocked_until_; }
  /// Between starts, since it has refused for rate; 0 while it never has.
  [[nodiscard]] Duration interval() const { return interval_; }
  [[nodiscard]] unsigned park_count() const { return parks_; }
  /// Median of the last answers; nullopt before the third.
  [[nodiscard]] std::optional<Duration> first_byte() const;
  /// Nobody will wait for it any longer: it is down at once.
  void give_up(Instant now) {
    parks_ = kMaxParks + 1;
    blocked_until_ = now;
  }

  void on_start(Instant now);
  /// A response came that is no sign of overload, 404 included. `ttfb`: request sent to first byte.
  void on_success(Instant now, Duration ttfb);
  /// `retry_after`: what the response asked for, if it did.
  void on_congestion(Instant now, Congestion kind, std::optional<Duration> retry_after,
                     Random& random);
  /// The host could not be used at all, but not for load: no name, no route, no handshake.
  void on_failure(Instant now);
  /// Ended for a reason that says nothing about the host: cancelled, opted out, a broken response.
  void on_other() { finish(); }

  /// 20 failures in a row without success park the host 1, 2, 4 minutes; after these it is down.
  /// Three connections not made in time are enough for a host that has never answered: its rows
  /// would otherwise wait one after the other for what none of them gets.
  static constexpr std::uint8_t kFailuresToPark = 20;
  static constexpr std::uint8_t kUnconnectedToPark = 3;
  static constexpr std::uint8_t kMaxParks = 3;

 private:
  static constexpr std::uint8_t kSamples = 20;

  void finish();
  void count_failure(Instant now, std::uint8_t weight = 1);
  void shrink(Instant now, float factor, float floor);
  void delay_after_refusal(Instant now, std::optional<Duration> retry_after, bool is_new,
                           Random& random);
  void end_window(Instant now);
  [[nodiscard]] float end_window_gradient();
  void record_ttfb(Duration ttfb);
  [[nodiscard]] std::uint16_t median_ttfb() const;
  [[nodiscard]] Duration round_trip() const;

  Instant blocked_until_{};
  Instant shrunk_at_{};
  Duration interval_{};  // between starts; 0 while the host has never refused for rate
  float limit_ = 0;
  ThrottleLimits limits_{};
  std::array<std::uint16_t, kSamples> ttfb_{};  // ring of the last, in half milliseconds
  std::uint16_t lowest_ = UINT16_MAX;           // median of this epoch …
  std::uint16_t lowest_before_ = UINT16_MAX;    // … and of the one before
  std::uint16_t epoch_windows_ = 0;
  std::uint16_t active_ = 0;
  std::uint16_t window_successes_ = 0;
  std::uint8_t sample_count_ = 0;
  std::uint8_t next_sample_ = 0;
  std::uint8_t failures_ = 0;
  std::uint8_t parks_ = 0;
  std::uint8_t refusals_ = 0;  // rate limits in a row
  bool is_slow_start_ = true;
  bool was_full_ = false;  // the limit was reached in this window
  bool has_answered_ = false;
};

static_assert(sizeof(HostThrottle) <= 104);

/// The same for a server address, whatever hosts it serves: loss only, no delays. A host that keeps
/// its clients waiting holds up its own rows, not those of a thousand others that live where it
/// does. ≤ 32 bytes.
class AddressThrottle {
 public:
  explicit AddressThrottle(ThrottleLimits limits = {.start = 32, .max = 64});

  [[nodiscard]] unsigned limit() const { return static_cast<unsigned>(limit_); }
  [[nodiscard]] unsigned active() const { return active_; }
  void on_start();
  void on_success();
  /// Once a second at most it takes effect: × 0.7, never below 2. A timeout has none.
  void on_congestion(Instant now, Congestion kind);
  void on_other();

 private:
  Instant shrunk_at_{};
  float limit_;
  std::uint16_t max_;
  std::uint16_t active_ = 0;
  std::uint16_t window_successes_ = 0;
  bool was_full_ = false;
};

static_assert(sizeof(AddressThrottle) <= 32);

/// Counts a host's opt-outs. After 20 in a row from a host that never gave an image, the rest need
/// not be asked.
class OptOutRun {
 public:
  void on_opt_out() {
    if (count_ < kEnough) ++count_;
  }
  /// The host gives images: it is always asked again.
  void on_success() { count_ = kNever; }
  [[nodiscard]] bool is_refused() const { return count_ == kEnough; }

 private:
  static constexpr std::uint8_t kEnough = 20;
  static constexpr std::uint8_t kNever = 255;
  std::uint8_t count_ = 0;
};

}  // namespace pixhaul::net
