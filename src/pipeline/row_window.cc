#include "pipeline/row_window.h"

#include <algorithm>

namespace pixhaul::pipeline {

namespace {

// What shorter rows take is a part of what any run takes. Long ones lie here, in the job and, while
// they are entered, in the row.
constexpr std::size_t kLongUrl = 2048;
constexpr std::uint64_t kCopies = 3;

}  // namespace

RowWindow::RowWindow(std::size_t places, std::uint64_t most_bytes, MemoryBudget& budget)
    : most_bytes_(most_bytes),
      budget_(budget),
      places_(places),
      blocks_((places + kBlock - 1) / kBlock) {
  free_.reserve(places);
  for (std::size_t place = places; place-- > 0;) free_.push_back(static_cast<std::uint32_t>(place));
}

bool RowWindow::must_wait() const {
  return free_.empty() || (is_heavy() && free_.size() < places_);
}

void RowWindow::acquire(std::size_t most, std::vector<std::uint32_t>& into) {
  const MutexLock lock(mutex_);
  while (must_wait() && !closed_) freed_.wait(mutex_);
  if (closed_) return;
  const std::size_t count = std::min(most, free_.size());
  const auto first = free_.end() - static_cast<std::ptrdiff_t>(count);
  for (auto place = first; place != free_.end(); ++place) {
    auto& block = blocks_[*place / kBlock];
    if (!block) block = std::make_unique<PendingRow[]>(kBlock);
  }
  into.insert(into.end(), first, free_.end());
  free_.resize(free_.size() - count);
}

void RowWindow::hold(std::uint64_t place) {
  PendingRow& row = (*this)[place];
  if (row.url.size() < kLongUrl) return;
  row.held_bytes = row.url.size() * kCopies;
  held_bytes_.fetch_add(row.held_bytes, std::memory_order_relaxed);
  budget_.charge(MemoryUser::shards, row.held_bytes);
}

// A place keeps its memory for the next row, but not a long one's.
void RowWindow::forget(PendingRow& row) {
  if (row.held_bytes == 0) return;
  budget_.release(MemoryUser::shards, row.held_bytes);
  held_bytes_.fetch_sub(row.held_bytes, std::memory_order_relaxed);
  row.held_bytes = 0;
  std::string().swap(row.url);  // an assignment would keep the memory
}

void RowWindow::release(const std::vector<std::uint32_t>& places) {
  if (places.empty()) return;
  for (const std::uint32_t place : places) forget((*this)[place]);
  const MutexLock lock(mutex_);
  free_.insert(free_.end(), places.begin(), places.end());
  freed_.notify_one();
  if (free_.size() == places_) emptied_.notify_all();
}

void RowWindow::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  freed_.notify_all();
}

bool RowWindow::wait_empty(std::chrono::milliseconds longest) {
  const MutexLock lock(mutex_);
  if (free_.size() != places_) emptied_.wait_for(mutex_, longest);
  return free_.size() == places_;
}

void RowWindow::nudge() {
  const MutexLock lock(mutex_);
  emptied_.notify_all();
}

std::size_t RowWindow::in_use() const {
  const MutexLock lock(mutex_);
  return places_ - free_.size();
}

}  // namespace pixhaul::pipeline
