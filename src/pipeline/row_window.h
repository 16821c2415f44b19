#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "image/blur.h"

namespace pixhaul::pipeline {

/// A row between the reader and its final status.
struct PendingRow {
  std::uint64_t index = 0;  ///< in the whole input
  std::uint64_t line = 0;
  std::string_view input{};         ///< lives as long as the reader
  std::string url{};                ///< as in the list
  std::string verify_hash{};        ///< the digest its body has to have; "" if any will do
  std::vector<image::Box> boxes{};  ///< to blur
};

/// The bounded look-ahead over the list: a fixed number of places for rows under way. Whoever reads
/// waits for a free place, so memory does not depend on the list's length. A place is touched by
/// one stage at a time; it is handed on with the queues. Any thread.
class RowWindow {
 public:
  explicit RowWindow(std::size_t places);

  /// Appends up to `most` free places to `into`, at least one; waits for it. None once closed.
  void acquire(std::size_t most, std::vector<std::uint32_t>& into);
  void release(const std::vector<std::uint32_t>& places);
  /// Lets a waiting reader go.
  void close();
  /// Waits until no place is in use, `longest` at most. True when none is.
  bool wait_empty(std::chrono::milliseconds longest);
  /// Ends a `wait_empty` under way.
  void nudge();
  [[nodiscard]] PendingRow& operator[](std::uint64_t place) {
    return rows_[static_cast<std::size_t>(place)];
  }
  [[nodiscard]] std::size_t in_use() const;

 private:
  std::vector<PendingRow> rows_;
  mutable Mutex mutex_;
  ConditionVariable freed_;
  ConditionVariable emptied_;
  std::vector<std::uint32_t> free_ PIXHAUL_GUARDED_BY(mutex_);
  bool closed_ PIXHAUL_GUARDED_BY(mutex_) = false;
};

}  // namespace pixhaul::pipeline
