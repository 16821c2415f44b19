#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pixhaul {

/// Counts the bytes of bodies that are held, against a ceiling. It refuses nobody: users ask
/// `is_full()` before they take more, and one of them may always go on, so that something always
/// finishes. Any thread.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}

  void charge(std::uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void release(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] bool is_full() const { return used() >= limit_; }

 private:
  std::atomic<std::uint64_t> used_{0};
  std::uint64_t limit_;
};

}  // namespace pixhaul
