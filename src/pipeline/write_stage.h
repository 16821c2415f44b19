#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/bounded_queue.h"
#include "base/memory_budget.h"
#include "ledger/layout.h"
#include "pipeline/fetch_stage.h"
#include "pipeline/row_window.h"
#include "pipeline/sample_maker.h"
#include "pipeline/sample_store.h"
#include "pipeline/shard_book.h"
#include "pipeline/standing_bodies.h"
#include "stats/latencies.h"

namespace pixhaul::pipeline {

/// The last stage: makes samples of bodies, keeps them, and enters their rows in the book. Results
/// come in from any thread; each working thread has a `Worker` of its own.
class WriteStage final : public ResultSink {
  struct Batch {
    FetchStage* from = nullptr;
    std::vector<net::FetchResult> results;
  };

 public:
  /// References outlive the stage.
  WriteStage(ShardBook& book, RowWindow& window, MemoryBudget& memory,
             const ledger::ShardLayout& layout)
      : book_(book), window_(window), memory_(memory), layout_(layout) {}

  void take(FetchStage& from, std::vector<net::FetchResult>&& results) override;
  /// No more results will come.
  void close() { batches_.close(); }

  /// What one working thread owns.
  class Worker {
   public:
    Worker(WriteStage& stage, SampleMaker maker, std::unique_ptr<SampleStore> store,
           StandingBodies bodies)
        : stage_(stage),
          maker_(std::move(maker)),
          store_(std::move(store)),
          bodies_(std::move(bodies)) {}
    /// Works until `close()`. Errors: disk_full, output_unwritable; what was not entered is done by
    /// the next run.
    [[nodiscard]] Result<> run();
    /// One batch if there is one now; whether there was. Errors: as run.
    [[nodiscard]] Result<bool> step();

    /// What it is doing at this moment. Any thread.
    enum class Doing : std::uint8_t { waiting, decoding, writing };
    [[nodiscard]] Doing doing() const { return doing_.load(std::memory_order_relaxed); }
    /// Of the rows it has written. Any thread.
    [[nodiscard]] const stats::Latencies& latencies() const { return latencies_; }

   private:
    [[nodiscard]] Result<> work_on(Batch& batch);
    [[nodiscard]] Result<> keep(net::FetchResult& result, std::span<const std::byte> standing,
                                FinishedRow& finished);
    WriteStage& stage_;
    SampleMaker maker_;
    std::unique_ptr<SampleStore> store_;
    StandingBodies bodies_;
    std::vector<FinishedRow> rows_;  // reused
    std::vector<std::uint32_t> places_;
    std::atomic<Doing> doing_ = Doing::waiting;
    stats::Latencies latencies_;
  };

 private:
  ShardBook& book_;
  RowWindow& window_;
  MemoryBudget& memory_;
  const ledger::ShardLayout& layout_;
  // Never full: what it holds is bounded by the window in rows and by the memory budget in bytes.
  BoundedQueue<Batch> batches_{SIZE_MAX};
};

}  // namespace pixhaul::pipeline
