#include <algorithm>

#include "pixhaul/stats.h"

namespace pixhaul {

namespace {

constexpr double kWindowSeconds = 10;

double rate(double from, double to, double seconds) {
  return seconds > 0 ? (to - from) / seconds : 0;
}

}  // namespace

void RateWindow::add(const StatsSnapshot& now) {
  samples_.push_back({now.seconds, now.rows_done, now.bytes_body});
  while (samples_.size() > 2 && samples_.front().seconds < now.seconds - kWindowSeconds)
    samples_.pop_front();
}

double RateWindow::rows_per_second() const {
  if (samples_.empty()) return 0;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  return rate(static_cast<double>(first.rows), static_cast<double>(last.rows),
              last.seconds - first.seconds);
}

double RateWindow::bytes_per_second() const {
  if (samples_.empty()) return 0;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  return rate(static_cast<double>(first.bytes), static_cast<double>(last.bytes),
              last.seconds - first.seconds);
}

std::uint64_t success_count(const StatsSnapshot& now) {
  return now.by_status[static_cast<std::size_t>(ErrorCode::success)];
}

std::uint64_t failed_count(const StatsSnapshot& now) {
  std::uint64_t not_failed = success_count(now);
  for (const ErrorCode code : row_statuses())
    if (is_refusal(code)) not_failed += now.by_status[static_cast<std::size_t>(code)];
  return now.rows_done - std::min(now.rows_done, not_failed);
}

}  // namespace pixhaul
