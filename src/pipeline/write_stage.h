#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bounded_queue.h"
#include "base/digest.h"
#include "base/memory_budget.h"
#include "image/codec.h"
#include "ledger/layout.h"
#include "pipeline/fetch_stage.h"
#include "pipeline/row_window.h"
#include "pipeline/shard_book.h"
#include "pixhaul/outcome.h"
#include "writers/writer.h"

namespace pixhaul::pipeline {

/// The last stage: decodes bodies where that is asked for, hashes writes them, and enters their
/// rows in the book. Results come in from any thread; each writing thread has a `Worker` of its
/// own.
class WriteStage final : public ResultSink {
 public:
  /// References outlive the stage. With `decode`, bodies that do not decode are failures.
  WriteStage(ShardBook& book, RowWindow& window, MemoryBudget& memory,
             const ledger::ShardLayout& layout, std::optional<image::DecodeLimits> decode)
      : book_(book), window_(window), memory_(memory), layout_(layout), decode_(decode) {}

  void take(FetchStage& from, std::vector<net::FetchResult>&& results) override;
  /// No more results will come.
  void close() { batches_.close(); }

  /// What one writing thread owns.
  class Worker {
   public:
    Worker(WriteStage& stage, std::unique_ptr<writers::SampleWriter> writer,
           std::optional<Digest> digest)
        : stage_(stage), writer_(std::move(writer)), digest_(std::move(digest)) {}
    /// Works until `close()`. Errors: disk_full, output_unwritable; what was not entered is done by
    /// the next run.
    [[nodiscard]] Result<> run();

   private:
    [[nodiscard]] Result<> write(net::FetchResult& result, Row& row);
    WriteStage& stage_;
    std::unique_ptr<writers::SampleWriter> writer_;
    std::optional<Digest> digest_;
  };

 private:
  struct Batch {
    FetchStage* from = nullptr;
    std::vector<net::FetchResult> results;
  };

  ShardBook& book_;
  RowWindow& window_;
  MemoryBudget& memory_;
  const ledger::ShardLayout& layout_;
  const std::optional<image::DecodeLimits> decode_;
  // Never full: what it holds is bounded by the window in rows and by the memory budget in bytes.
  BoundedQueue<Batch> batches_{SIZE_MAX};
};

}  // namespace pixhaul::pipeline
