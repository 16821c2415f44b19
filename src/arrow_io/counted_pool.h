#pragma once

#include <memory>

#include "base/memory_budget.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// Where all tables are allocated: the C library's allocator, counted, and charged to a run's
/// budget while there is one. Any thread.
class CountedPool {
 public:
  CountedPool();
  ~CountedPool();

  [[nodiscard]] arrow::MemoryPool* pool() const;
  /// From now on tables are charged to `budget` (outlives that, or is replaced before it ends),
  /// with what is held already; nullptr for none. What would not fit into the whole budget beside
  /// the other tables is then refused, which ends the run in a sentence.
  void charge_to(MemoryBudget* budget);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace pixhaul::arrow_io
