#include "net/link_guard.h"

#include <algorithm>
#include <cmath>

namespace pixhaul::net {

namespace {

constexpr double kLeast = 2;
constexpr double kMemorySeconds = 3;  // of the averages
constexpr double kWarmUpSeconds = 3;  // slow starts of TCP look like a slow link
constexpr double kTrialSeconds = 6;   // two memories: the averages have forgotten what was before
constexpr double kHoldSeconds = 60;
constexpr double kKeptShare = 0.75;  // of the throughput; halving the wrong limit keeps a half

}  // namespace

LinkGuard::LinkGuard(Duration deadline, unsigned max, unsigned start)
    : wanted_seconds_(std::chrono::duration<double>(deadline).count() / 3),
      max_(std::max<double>(max, kLeast)),
      limit_(std::clamp<double>(start, kLeast, max_)) {}

void LinkGuard::learn(const LinkSample& sample) {
  const double seconds = std::chrono::duration<double>(sample.elapsed).count();
  const double weight = 1 - std::exp(-seconds / kMemorySeconds);
  const double rate = static_cast<double>(sample.received_bytes) / seconds;
  bytes_per_second_ += bytes_per_second_ == 0 ? rate : weight * (rate - bytes_per_second_);
  observed_seconds_ += seconds;
  hold_seconds_ = std::max(0.0, hold_seconds_ - seconds);
  barren_seconds_ = sample.finished_count > 0 ? 0 : barren_seconds_ + seconds;
  if (sample.finished_count == 0) return;
  const double mean =
      static_cast<double>(sample.finished_bytes) / static_cast<double>(sample.finished_count);
  mean_bytes_ += mean_bytes_ == 0 ? mean : weight * (mean - mean_bytes_);
}

// True while the last lowering is on trial or has just been undone.
bool LinkGuard::undo_if_wrong(const LinkSample& sample) {
  if (trial_seconds_ <= 0) return false;
  if (sample.active > limit_ + 1) return true;  // the transfers above the limit still run out
  trial_seconds_ -= std::chrono::duration<double>(sample.elapsed).count();
  if (trial_seconds_ > 0) return true;
  const bool was_used = sample.active >= 0.8 * limit_;
  if (!was_used || bytes_per_second_ >= kKeptShare * rate_before_) return false;
  limit_ = limit_before_;
  hold_seconds_ = kHoldSeconds;
  return true;
}

void LinkGuard::on_sample(const LinkSample& sample) {
  if (sample.elapsed <= Duration(0)) return;
  // Nothing in flight says nothing about the link; nor does what comes before the first byte.
  const bool is_silent =
      sample.received_bytes == 0 && (sample.active == 0 || bytes_per_second_ == 0);
  if (is_silent) return;
  learn(sample);
  if (barren_seconds_ > wanted_seconds_ * (mean_bytes_ <= 0 ? 1 : 2.5)) {
    // Bytes come but no image ends: sizes are unknown and too large for so many at once.
    limit_ = std::max(kLeast, limit_ / 2);
    barren_seconds_ = trial_seconds_ = 0;
    return;
  }
  if (mean_bytes_ <= 0 || undo_if_wrong(sample)) return;

  const double target = std::clamp(wanted_seconds_ * bytes_per_second_ / mean_bytes_, kLeast, max_);
  if (target >= limit_) {
    limit_ = std::min(target, limit_ * 2);
    return;
  }
  // An engine with less to do than it may also receives less: only a limit in the way of the
  // transfers is lowered.
  const bool is_in_the_way = sample.active > target;
  if (!is_in_the_way || hold_seconds_ > 0 || observed_seconds_ < kWarmUpSeconds) return;
  limit_before_ = limit_;
  rate_before_ = bytes_per_second_;
  trial_seconds_ = kTrialSeconds;
  limit_ = std::max(target, limit_ / 2);
}

}  // namespace pixhaul::net
