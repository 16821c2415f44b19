#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "image/blur.h"
#include "readers/reader.h"

namespace pixhaul::pipeline {

/// A row between the reader and its final status.
struct PendingRow {
  std::uint64_t index = 0;  ///< in the whole input
  std::uint64_t line = 0;
  std::string_view input{};                  ///< lives as long as the reader
  std::string url{};                         ///< as in the list
  std::string verify_hash{};                 ///< the digest its body has to have; "" if any will do
  std::vector<image::Box> boxes{};           ///< to blur
  std::optional<readers::BodyPlace> body{};  ///< where its image already lies
  std::uint64_t held_bytes = 0;              ///< the window's own
};

/// The bounded look-ahead over the list: a fixed number of places for rows under way. Whoever reads
/// waits for a free place, so memory does not depend on the list's length, nor, as long URLs count
/// by their bytes too, on what stands in it. A place is touched by one stage at a time; it is
/// handed on with the queues. Any thread.
class RowWindow {
 public:
  /// `most_bytes`: of long rows under way; one row may always be. `budget` outlives the window.
  RowWindow(std::size_t places, std::uint64_t most_bytes, MemoryBudget& budget);

  /// Appends up to `most` free places to `into`, at least one; waits for it, and until long rows
  /// have left. None once closed.
  void acquire(std::size_t most, std::vector<std::uint32_t>& into);
  /// The row of that place is filled: counts its bytes if it is long, until it is released.
  void hold(std::uint64_t place);
  /// No row should be added before `acquire` has waited.
  [[nodiscard]] bool is_heavy() const {
    return held_bytes_.load(std::memory_order_relaxed) >= most_bytes_;
  }
  void release(const std::vector<std::uint32_t>& places);
  /// Lets a waiting reader go.
  void close();
  /// Waits until no place is in use, `longest` at most. True when none is.
  bool wait_empty(std::chrono::milliseconds longest);
  /// Ends a `wait_empty` under way.
  void nudge();
  [[nodiscard]] PendingRow& operator[](std::uint64_t place) {
    return blocks_[static_cast<std::size_t>(place) / kBlock][place % kBlock];
  }
  [[nodiscard]] std::size_t in_use() const;

 private:
  static constexpr std::size_t kBlock = 256;

  [[nodiscard]] bool must_wait() const PIXHAUL_REQUIRES(mutex_);

  void forget(PendingRow& row);

  const std::uint64_t most_bytes_;
  MemoryBudget& budget_;
  const std::size_t places_;
  // Made when one of its places is first handed out: a short list shall not pay for 10 MB.
  std::vector<std::unique_ptr<PendingRow[]>> blocks_;
  std::atomic<std::uint64_t> held_bytes_ = 0;
  mutable Mutex mutex_;
  ConditionVariable freed_;
  ConditionVariable emptied_;
  std::vector<std::uint32_t> free_ PIXHAUL_GUARDED_BY(mutex_);
  bool closed_ PIXHAUL_GUARDED_BY(mutex_) = false;
};

}  // namespace pixhaul::pipeline
