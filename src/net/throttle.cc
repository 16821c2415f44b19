#include "net/throttle.h"

#include <algorithm>
#include <chrono>
#include <cmath>

// How hard a host may be pressed. The limit grows while it is used and answers do not slow down,
// shrinks when the host refuses (AIMD). The slowing is judged by the time to the first byte, never
// by the whole time: bodies differ a hundredfold. Its median of 20 is compared with the lowest such
// median of the last two epochs; single samples would compare a cache's hits with its misses.
//
// Concurrency alone cannot satisfy a host that counts requests per second: one at a time at 5 ms is
// 200/s. So a host that answers 429 is also paced: each refusal lengthens the interval between
// starts by half, each success shortens it by 0.7 %, which settles at about one refusal in sixty.

namespace pixhaul::net {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr float kLossFactor = 0.7f;
constexpr float kGradientFactor = 0.9f;
constexpr std::uint8_t kFewestSamples = 8;
// Below 20 ms a gradient is noise of the machine and of the loopback, not a queue. In half
// milliseconds.
constexpr std::uint16_t kNoticeableTtfb = 40;
// Long, because a queue that stands through two epochs becomes the new normal.
constexpr std::uint16_t kEpochWindows = 1000;
constexpr Duration kShortestRoundTrip = milliseconds(100);
constexpr Duration kLongestRoundTrip = seconds(5);
constexpr Duration kFirstInterval = milliseconds(10);
constexpr Duration kLongestInterval = seconds(60);
constexpr Duration kLongestDelay = minutes(5);
constexpr double kIntervalGrowth = 1.5;
constexpr double kIntervalDecay = 0.993;
constexpr Duration kAddressWindow = seconds(1);

Duration scaled(Duration duration, double factor) {
  return duration_cast<Duration>(duration * factor);
}

}  // namespace

ThrottleLimits host_limits(bool is_http2, std::optional<std::uint16_t> explicit_max) {
  if (explicit_max) {
    std::uint16_t max = std::max<std::uint16_t>(*explicit_max, 1);
    return {.start = std::min<std::uint16_t>(max, 16), .max = max};
  }
  return is_http2 ? ThrottleLimits{.start = 8, .max = 24} : ThrottleLimits{.start = 2, .max = 6};
}

void HostThrottle::adopt(ThrottleLimits limits) {
  limits_ = limits;
  const float start = limits.start;
  if (is_slow_start_) limit_ = std::max(limit_, start);
  limit_ = std::min<float>(limit_, limits.max);
}

void HostThrottle::on_start(Instant now) {
  ++active_;
  if (active_ >= limit()) was_full_ = true;
  if (interval_ > Duration(0)) blocked_until_ = std::max(blocked_until_, now + interval_);
}

void HostThrottle::finish() {
  if (active_ > 0) --active_;
}

void HostThrottle::on_success(Instant now, Duration ttfb) {
  finish();
  has_answered_ = true;
  failures_ = parks_ = refusals_ = 0;
  interval_ = interval_ < kFirstInterval / 2 ? Duration(0) : scaled(interval_, kIntervalDecay);
  record_ttfb(ttfb);
  if (++window_successes_ >= limit()) end_window(now);
}

// One window of `limit` successes: grow if all of it was used and answers came as quickly as ever.
void HostThrottle::end_window(Instant now) {
  const bool was_full = was_full_;
  window_successes_ = 0;
  was_full_ = false;
  const float gradient = end_window_gradient();
  // Delay is weaker evidence than loss: it never takes a host below where it began.
  if (gradient > 2) return shrink(now, kGradientFactor, limits_.start);
  const bool is_slower = gradient > 1.5f;
  if (is_slower) is_slow_start_ = false;
  if (is_slower || !was_full) return;
  limit_ = std::min<float>(is_slow_start_ ? limit_ * 2 : limit_ + 1, limits_.max);
}

// The median TTFB over the lowest one; 1 when there is too little to compare. The first window sets
// the first mark with however few samples, while the host is surely idle.
float HostThrottle::end_window_gradient() {
  const bool is_first = std::min(lowest_, lowest_before_) == UINT16_MAX;
  if (sample_count_ < kFewestSamples && !is_first) return 1;
  const std::uint16_t median = median_ttfb();
  lowest_ = std::min(lowest_, median);
  if (++epoch_windows_ >= kEpochWindows) {
    lowest_before_ = lowest_;
    lowest_ = median;
    epoch_windows_ = 0;
  }
  if (median < kNoticeableTtfb) return 1;
  return static_cast<float>(median) / std::max<float>(1, std::min(lowest_, lowest_before_));
}

void HostThrottle::shrink(Instant now, float factor, float floor) {
  limit_ = std::min(limit_, std::max(limit_ * factor, floor));
  is_slow_start_ = false;
  shrunk_at_ = now;
  // The samples were taken under the old limit: judge the new one by its own.
  sample_count_ = next_sample_ = 0;
  window_successes_ = 0;
  was_full_ = false;
}

// What is in flight when the limit shrinks was sent under the old limit; its refusals are the same
// news. So one reaction per round trip.
void HostThrottle::on_congestion(Instant now, Congestion kind, std::optional<Duration> retry_after,
                                 Random& random) {
  finish();
  const bool is_new = shrunk_at_ == Instant() || now - shrunk_at_ >= round_trip();
  if (kind == Congestion::rate_limited) {
    has_answered_ = true;
    delay_after_refusal(now, retry_after, is_new, random);
  } else {
    const bool is_dead = kind == Congestion::unconnected && !has_answered_;
    count_failure(now, is_dead ? kFailuresToPark / kUnconnectedToPark + 1 : 1);
  }
  if (is_new) shrink(now, kLossFactor, 1);
}

// RFC 9110 §10.2.3: Retry-After is how long to wait "before making a follow-up request": a minimum,
// and for the host. The jitter keeps several workers from coming back in step.
void HostThrottle::delay_after_refusal(Instant now, std::optional<Duration> retry_after,
                                       bool is_new, Random& random) {
  if (is_new) {
    refusals_ = static_cast<std::uint8_t>(std::min(refusals_ + 1, 16));
    const Duration first = std::max(kFirstInterval, round_trip() / std::max(limit(), 1u) / 4);
    interval_ = interval_ == Duration(0)
                    ? first
                    : std::min(scaled(interval_, kIntervalGrowth), kLongestInterval);
  }
  Duration delay{};
  if (retry_after) {
    delay = scaled(*retry_after, 1 + 0.2 * random.next_unit());
  } else if (is_new) {
    const Duration ceiling = std::min<Duration>(seconds(1) * (1 << (refusals_ - 1)), kLongestDelay);
    delay = scaled(ceiling, random.next_unit());
  }
  blocked_until_ = std::max(blocked_until_, now + delay);
}

void HostThrottle::on_failure(Instant now) {
  finish();
  count_failure(now);
}

// The circuit breaker. After a park one request probes: one more failure parks again, for twice as
// long.
void HostThrottle::count_failure(Instant now, std::uint8_t weight) {
  if (parks_ > 0 && now < blocked_until_) return;  // sent before the host was parked
  failures_ = static_cast<std::uint8_t>(std::min(failures_ + weight, int{kFailuresToPark}));
  if (failures_ < kFailuresToPark) return;
  failures_ = kFailuresToPark - 1;
  ++parks_;
  limit_ = 1;
  is_slow_start_ = false;
  blocked_until_ = std::max<Instant>(blocked_until_, now + minutes(1 << (parks_ - 1)));
}

void HostThrottle::record_ttfb(Duration ttfb) {
  const auto halves = std::clamp<std::int64_t>(
      duration_cast<std::chrono::microseconds>(ttfb).count() / 500, 0, UINT16_MAX);
  ttfb_[next_sample_] = static_cast<std::uint16_t>(halves);
  next_sample_ = static_cast<std::uint8_t>((next_sample_ + 1) % kSamples);
  sample_count_ = std::min<std::uint8_t>(static_cast<std::uint8_t>(sample_count_ + 1), kSamples);
}

std::uint16_t HostThrottle::median_ttfb() const {
  std::array<std::uint16_t, kSamples> sorted = ttfb_;
  auto middle = sorted.begin() + sample_count_ / 2;
  std::nth_element(sorted.begin(), middle, sorted.begin() + sample_count_);
  return *middle;
}

std::optional<Duration> HostThrottle::first_byte() const {
  constexpr std::uint8_t kEnough = 3;
  if (sample_count_ < kEnough) return std::nullopt;
  return std::chrono::microseconds(500) * median_ttfb();
}

Duration HostThrottle::round_trip() const {
  if (sample_count_ == 0) return seconds(1);
  return std::clamp<Duration>(std::chrono::microseconds(500) * median_ttfb(), kShortestRoundTrip,
                              kLongestRoundTrip);
}

AddressThrottle::AddressThrottle(ThrottleLimits limits)
    : limit_(std::min(limits.start, limits.max)), max_(limits.max) {}

void AddressThrottle::on_start() {
  ++active_;
  if (active_ >= limit()) was_full_ = true;
}

void AddressThrottle::on_other() {
  if (active_ > 0) --active_;
}

void AddressThrottle::on_success() {
  on_other();
  if (++window_successes_ < limit()) return;
  if (was_full_) limit_ = std::min<float>(limit_ + 1, max_);
  window_successes_ = 0;
  was_full_ = false;
}

void AddressThrottle::on_congestion(Instant now, Congestion kind) {
  on_other();
  if (kind == Congestion::timeout) return;
  if (shrunk_at_ != Instant() && now - shrunk_at_ < kAddressWindow) return;
  shrunk_at_ = now;
  limit_ = std::min(limit_, std::max(limit_ * kLossFactor, 2.0f));
  window_successes_ = 0;
  was_full_ = false;
}

}  // namespace pixhaul::net
