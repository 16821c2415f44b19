#pragma once

#include <atomic>
#include <cstdint>

namespace pixhaul {

/// Counts the bytes of bodies that are held, against two ceilings: of all bodies, and of those that
/// are finished and wait to be written. It refuses nobody: users ask before they take more, and one
/// of them may always go on, so that something always finishes. Any thread.
class MemoryBudget {
 public:
  /// `finished_limit`: few enough that a body is still in the processor's cache when it is written.
  MemoryBudget(std::uint64_t limit, std::uint64_t finished_limit)
      : limit_(limit), finished_limit_(finished_limit) {}

  void charge(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void release(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  void charge_finished(std::uint64_t bytes) {
    charge(bytes);
    finished_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void release_finished(std::uint64_t bytes) {
    release(bytes);
    finished_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  /// Nobody but one should read on.
  [[nodiscard]] bool is_full() const { return used() >= limit_; }
  /// A new transfer may be started.
  [[nodiscard]] bool has_room() const {
    return !is_full() && finished_.load(std::memory_order_relaxed) < finished_limit_;
  }
  /// Half the room for finished bodies is free again: who found none should look now. Starting for
  /// every body that is written would wake a loop for every image.
  [[nodiscard]] bool has_drained() const {
    return !is_full() && finished_.load(std::memory_order_relaxed) <= finished_limit_ / 2;
  }

 private:
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> finished_{0};
  const std::uint64_t limit_;
  const std::uint64_t finished_limit_;
};

}  // namespace pixhaul
