#include "pipeline/sample_line.h"

#include <utility>

namespace pixhaul::pipeline {

void SampleLine::arrive(Arrival&& arrival) {
  const MutexLock lock(mutex_);
  const std::uint64_t turn = arrival.turn;
  arrivals_.emplace(turn, std::move(arrival));
  // In order, the one that may be let through is not the one that a waiting thread looked at.
  if (ordered_) {
    arrived_.notify_all();
  } else {
    arrived_.notify_one();
  }
}

bool SampleLine::may_make() const {
  if (arrivals_.empty()) return false;
  if (ready_bytes_ < ready_limit_) return true;
  return ordered_ ? arrivals_.begin()->first == taken_ : ready_.empty() && making_ == 0;
}

std::optional<Arrival> SampleLine::take_arrival() {
  const MutexLock lock(mutex_);
  while (!closed_ && !may_make()) arrived_.wait(mutex_);
  if (closed_) return std::nullopt;
  Arrival arrival = std::move(arrivals_.begin()->second);
  arrivals_.erase(arrivals_.begin());
  ++making_;
  return arrival;
}

void SampleLine::finish(std::uint64_t turn, ReadySample&& ready, std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  --making_;
  ready_bytes_ += bytes;
  ready_.emplace(ordered_ ? turn : finished_, Ready{std::move(ready), bytes});
  ++finished_;
  if (has_ready()) readied_.notify_all();
}

void SampleLine::end(std::uint64_t count, std::optional<Error> failure) {
  const MutexLock lock(mutex_);
  count_ = count;
  failure_ = std::move(failure);
  readied_.notify_all();
}

void SampleLine::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  arrivals_.clear();
  ready_.clear();
  arrived_.notify_all();
  readied_.notify_all();
}

bool SampleLine::has_ready() const {
  return !ready_.empty() && (!ordered_ || ready_.begin()->first == taken_);
}

bool SampleLine::is_over() const { return closed_ || (count_ && taken_ == *count_); }

bool SampleLine::wait(std::chrono::milliseconds longest) {
  const MutexLock lock(mutex_);
  if (!has_ready() && !is_over()) readied_.wait_for(mutex_, longest);
  return has_ready() || is_over();
}

std::optional<ReadySample> SampleLine::take_ready() {
  const MutexLock lock(mutex_);
  if (!has_ready()) return std::nullopt;
  Ready first = std::move(ready_.begin()->second);
  ready_.erase(ready_.begin());
  const bool was_full = ready_bytes_ >= ready_limit_;
  ready_bytes_ -= first.bytes;
  ++taken_;
  if (was_full || ordered_) arrived_.notify_all();
  return std::move(first.ready);
}

std::optional<Error> SampleLine::failure() const {
  const MutexLock lock(mutex_);
  return closed_ ? std::nullopt : failure_;
}

std::uint64_t SampleLine::taken() const {
  const MutexLock lock(mutex_);
  return taken_;
}

}  // namespace pixhaul::pipeline
