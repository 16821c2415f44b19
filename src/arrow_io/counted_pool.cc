// Not Arrow's default pool: that is mimalloc in the wheels, which keeps what is freed, so that the
// process would hold more than anybody has counted; and only our own can say no.
#include "arrow_io/counted_pool.h"

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/mutex.h"

namespace pixhaul::arrow_io {

class CountedPool::Pool final : public arrow::MemoryPool {
 public:
  arrow::Status Allocate(std::int64_t size, std::int64_t alignment, std::uint8_t** out) override {
    ARROW_RETURN_NOT_OK(add(size));
    arrow::Status status = system_->Allocate(size, alignment, out);
    if (!status.ok()) subtract(size);
    return status;
  }
  arrow::Status Reallocate(std::int64_t old_size, std::int64_t new_size, std::int64_t alignment,
                           std::uint8_t** bytes) override {
    if (new_size > old_size) ARROW_RETURN_NOT_OK(add(new_size - old_size));
    arrow::Status status = system_->Reallocate(old_size, new_size, alignment, bytes);
    if (status.ok() && new_size < old_size) subtract(old_size - new_size);
    if (!status.ok() && new_size > old_size) subtract(new_size - old_size);
    return status;
  }
  void Free(std::uint8_t* bytes, std::int64_t size, std::int64_t alignment) override {
    system_->Free(bytes, size, alignment);
    subtract(size);
  }

  std::int64_t bytes_allocated() const override {
    const MutexLock lock(mutex_);
    return held_;
  }
  std::int64_t max_memory() const override {
    const MutexLock lock(mutex_);
    return most_;
  }
  std::int64_t total_bytes_allocated() const override {
    const MutexLock lock(mutex_);
    return total_;
  }
  std::int64_t num_allocations() const override {
    const MutexLock lock(mutex_);
    return count_;
  }
  std::string backend_name() const override { return system_->backend_name(); }

  void charge_to(MemoryBudget* budget) {
    const MutexLock lock(mutex_);
    const auto held = static_cast<std::uint64_t>(held_);
    if (budget_ != nullptr) budget_->release(MemoryUser::tables, held);
    budget_ = budget;
    if (budget_ != nullptr) budget_->charge(MemoryUser::tables, held);
  }

 private:
  arrow::Status add(std::int64_t size) {
    const MutexLock lock(mutex_);
    const auto more = static_cast<std::uint64_t>(size);
    if (budget_ != nullptr) {
      if (static_cast<std::uint64_t>(held_) + more > budget_->limit()) {
        return arrow::Status::OutOfMemory(
            "tables need more than --memory leaves; raise it, or lower --number_sample_per_shard");
      }
      budget_->charge(MemoryUser::tables, more);
    }
    held_ += size;
    total_ += size;
    most_ = std::max(most_, held_);
    ++count_;
    return arrow::Status::OK();
  }
  void subtract(std::int64_t size) {
    const MutexLock lock(mutex_);
    held_ -= size;
    if (budget_ != nullptr) budget_->release(MemoryUser::tables, static_cast<std::uint64_t>(size));
  }

  arrow::MemoryPool* const system_ = arrow::system_memory_pool();
  mutable Mutex mutex_;
  MemoryBudget* budget_ PIXHAUL_GUARDED_BY(mutex_) = nullptr;  // not owned
  std::int64_t held_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::int64_t most_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::int64_t total_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::int64_t count_ PIXHAUL_GUARDED_BY(mutex_) = 0;
};

CountedPool::CountedPool() : pool_(std::make_unique<Pool>()) {}
CountedPool::~CountedPool() = default;
arrow::MemoryPool* CountedPool::pool() const { return pool_.get(); }
void CountedPool::charge_to(MemoryBudget* budget) { pool_->charge_to(budget); }

}  // namespace pixhaul::arrow_io
