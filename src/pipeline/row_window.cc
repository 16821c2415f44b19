#include "pipeline/row_window.h"

#include <algorithm>

namespace pixhaul::pipeline {

RowWindow::RowWindow(std::size_t places) : rows_(places) {
  free_.reserve(places);
  for (std::size_t place = places; place-- > 0;) free_.push_back(static_cast<std::uint32_t>(place));
}

void RowWindow::acquire(std::size_t most, std::vector<std::uint32_t>& into) {
  const MutexLock lock(mutex_);
  while (free_.empty() && !closed_) freed_.wait(mutex_);
  if (closed_) return;
  const std::size_t count = std::min(most, free_.size());
  into.insert(into.end(), free_.end() - static_cast<std::ptrdiff_t>(count), free_.end());
  free_.resize(free_.size() - count);
}

void RowWindow::release(const std::vector<std::uint32_t>& places) {
  if (places.empty()) return;
  const MutexLock lock(mutex_);
  free_.insert(free_.end(), places.begin(), places.end());
  freed_.notify_one();
  if (free_.size() == rows_.size()) emptied_.notify_all();
}

void RowWindow::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  freed_.notify_all();
}

bool RowWindow::wait_empty(std::chrono::milliseconds longest) {
  const MutexLock lock(mutex_);
  if (free_.size() != rows_.size()) emptied_.wait_for(mutex_, longest);
  return free_.size() == rows_.size();
}

void RowWindow::nudge() {
  const MutexLock lock(mutex_);
  emptied_.notify_all();
}

std::size_t RowWindow::in_use() const {
  const MutexLock lock(mutex_);
  return rows_.size() - free_.size();
}

}  // namespace pixhaul::pipeline
