#pragma once

#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace pixhaul {

/// The only way between threads: a queue of at most `capacity` items that blocks its producers when
/// full, its consumers when empty, and lets both go once closed. Items that were in it at close()
/// can still be popped. Batches take the lock once. Any thread.
template <class Item>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) { PIXHAUL_CHECK(capacity > 0); }

  /// Blocks while full. False, and `item` is dropped, once closed.
  bool push(Item item) {
    const MutexLock lock(mutex_);
    while (!closed_ && items_.size() >= capacity_) room_.wait(mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    filled_.notify_one();
    return true;
  }

  /// False, leaving `item` as it was, when full or closed.
  bool try_push(Item& item) {
    const MutexLock lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    filled_.notify_one();
    return true;
  }

  /// Blocks until all are in, in order; a batch larger than the queue goes through in parts.
  /// False once closed: the rest is dropped.
  bool push_all(std::vector<Item>&& items) {
    const MutexLock lock(mutex_);
    for (Item& item : items) {
      while (!closed_ && items_.size() >= capacity_) {
        filled_.notify_all();
        room_.wait(mutex_);
      }
      if (closed_) return false;
      items_.push_back(std::move(item));
    }
    items.clear();
    filled_.notify_all();
    return true;
  }

  /// Blocks while empty. nullopt once closed and empty.
  std::optional<Item> pop() {
    const MutexLock lock(mutex_);
    while (!closed_ && items_.empty()) filled_.wait(mutex_);
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  /// As pop without waiting: nullopt when there is nothing now.
  std::optional<Item> try_pop() {
    const MutexLock lock(mutex_);
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  /// Blocks while empty, then appends everything there is to `into`. False once closed and empty.
  bool pop_all(std::vector<Item>& into) {
    const MutexLock lock(mutex_);
    while (!closed_ && items_.empty()) filled_.wait(mutex_);
    return take_all(into);
  }

  /// As pop_all without waiting. False when there was nothing.
  bool try_pop_all(std::vector<Item>& into) {
    const MutexLock lock(mutex_);
    return take_all(into);
  }

  void close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    filled_.notify_all();
    room_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    const MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  bool take_all(std::vector<Item>& into) PIXHAUL_REQUIRES(mutex_) {
    if (items_.empty()) return false;
    into.insert(into.end(), std::make_move_iterator(items_.begin()),
                std::make_move_iterator(items_.end()));
    items_.clear();
    room_.notify_all();
    return true;
  }

  const std::size_t capacity_;
  mutable Mutex mutex_;
  ConditionVariable filled_;
  ConditionVariable room_;
  std::deque<Item> items_ PIXHAUL_GUARDED_BY(mutex_);
  bool closed_ PIXHAUL_GUARDED_BY(mutex_) = false;
};

}  // namespace pixhaul
