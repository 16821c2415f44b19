#pragma once

#include <cstdint>

#include "base/memory_budget.h"
#include "base/mutex.h"

namespace pixhaul::pipeline {

/// Admission to the pixels: how much pictures may take together while they are decoded, resized and
/// encoded. Whoever finds none waits until others have left, in order of arrival: a large picture
/// is not overtaken by small ones for ever. The only one always goes on. Any thread.
class DecodeRoom {
 public:
  /// `most`: that bodies never take, so room for it always comes. `budget` outlives this.
  DecodeRoom(MemoryBudget& budget, std::uint64_t most) : budget_(budget), most_(most) {}

  [[nodiscard]] std::uint64_t most() const { return most_; }
  /// False for what would not fit if it were alone.
  [[nodiscard]] bool can_hold(std::uint64_t bytes) const { return bytes <= most_; }

  /// A picture under way, from its admission to the end of the scope. REQUIRES: can_hold(bytes).
  class Place {
   public:
    Place(DecodeRoom& room, std::uint64_t bytes) : room_(room), bytes_(bytes) {
      room_.enter(bytes_);
    }
    ~Place() { room_.leave(bytes_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    DecodeRoom& room_;
    const std::uint64_t bytes_;
  };

 private:
  void enter(std::uint64_t bytes);
  void leave(std::uint64_t bytes);
  [[nodiscard]] bool has_room(std::uint64_t bytes) const PIXHAUL_REQUIRES(mutex_);

  MemoryBudget& budget_;
  const std::uint64_t most_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::uint64_t held_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::uint32_t count_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::uint64_t arrived_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::uint64_t admitted_ PIXHAUL_GUARDED_BY(mutex_) = 0;
};

}  // namespace pixhaul::pipeline
