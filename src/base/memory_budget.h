#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pixhaul {

/// Who holds memory that grows with what strangers send or lists hold.
enum class MemoryUser : std::uint8_t {
  bodies,  ///< what arrives and waits to be written
  decode,  ///< pictures on their way through pixels
  shards,  ///< rows under way, shards being assembled
  tables,  ///< Arrow's pools
};

/// Counts the bytes that are held, against ceilings: of all together, and of bodies that are
/// finished and wait to be written. A part of the whole is kept from bodies; what the other users
/// take beyond it, bodies do without. It refuses nobody: users ask before they take more, and one
/// transfer may always go on, so that something always finishes. Any thread.
class MemoryBudget {
 public:
  /// `finished_limit`: few enough that a body is still in the processor's cache when it is written.
  /// `reserved`: of `limit`, for the other users. REQUIRES: less than `limit`.
  MemoryBudget(std::uint64_t limit, std::uint64_t finished_limit, std::uint64_t reserved = 0)
      : limit_(limit), finished_limit_(finished_limit), reserved_(reserved) {}

  void charge(MemoryUser user, std::uint64_t bytes) {
    of(user).fetch_add(bytes, std::memory_order_relaxed);
  }
  void release(MemoryUser user, std::uint64_t bytes) {
    of(user).fetch_sub(bytes, std::memory_order_relaxed);
  }
  void charge(std::uint64_t bytes) { charge(MemoryUser::bodies, bytes); }
  void release(std::uint64_t bytes) { release(MemoryUser::bodies, bytes); }
  void charge_finished(std::uint64_t bytes) {
    charge(bytes);
    finished_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void release_finished(std::uint64_t bytes) {
    release(bytes);
    finished_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t used(MemoryUser user) const {
    return used_[static_cast<std::size_t>(user)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t used() const { return used(MemoryUser::bodies) + used_by_others(); }
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t reserved() const { return reserved_; }
  /// What bodies may still take.
  [[nodiscard]] std::uint64_t room() const {
    const std::uint64_t taken = used(MemoryUser::bodies) + std::max(used_by_others(), reserved_);
    return taken >= limit_ ? 0 : limit_ - taken;
  }
  /// Nobody but one should read on.
  [[nodiscard]] bool is_full() const { return room() == 0; }
  /// Bodies wait to be written, and will give their memory back.
  [[nodiscard]] bool has_finished() const { return finished_.load(std::memory_order_relaxed) > 0; }
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
  std::atomic<std::uint64_t>& of(MemoryUser user) { return used_[static_cast<std::size_t>(user)]; }
  [[nodiscard]] std::uint64_t used_by_others() const {
    return used(MemoryUser::decode) + used(MemoryUser::shards) + used(MemoryUser::tables);
  }

  std::array<std::atomic<std::uint64_t>, 4> used_{};
  std::atomic<std::uint64_t> finished_{0};
  const std::uint64_t limit_;
  const std::uint64_t finished_limit_;
  const std::uint64_t reserved_;
};

/// Bytes of one user, released at the end of the scope. One thread.
class MemoryCharge {
 public:
  MemoryCharge(MemoryBudget& budget, MemoryUser user, std::uint64_t bytes)
      : budget_(budget), user_(user), bytes_(bytes) {
    budget_.charge(user_, bytes_);
  }
  ~MemoryCharge() { budget_.release(user_, bytes_); }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

 private:
  MemoryBudget& budget_;
  const MemoryUser user_;
  const std::uint64_t bytes_;
};

}  // namespace pixhaul
