#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow_io/table_source.h"

namespace pixhaul::arrow_io {

/// Blocks out of a typed table's batches: the plan's columns, cast to the types the reader's
/// columns have; a batch that cannot be cast is halved until the rows to blame stand alone. One
/// thread. Errors: input_unreadable.
class BatchBlocks {
 public:
  /// `input` and `pool` outlive this.
  BatchBlocks(const readers::InputFile& input, arrow::MemoryPool* pool)
      : input_(input), pool_(pool) {}

  /// The types in which the plan's columns of a table with `given` are passed on. `plan` outlives
  /// this.
  [[nodiscard]] Result<std::shared_ptr<arrow::Schema>> infer(const ColumnPlan& plan,
                                                             const arrow::Schema& given);
  void use(std::shared_ptr<arrow::Schema> schema) { schema_ = std::move(schema); }
  /// The rows of the next batch.
  [[nodiscard]] Result<> make(const arrow::RecordBatch& batch, TableBlock& block);
  [[nodiscard]] std::uint64_t rows_returned() const { return returned_; }

 private:
  using Batch = std::shared_ptr<arrow::RecordBatch>;
  /// `row`: of the batch's first in the block.
  void cast_rows(const Batch& batch, std::int64_t row, TableBlock& block,
                 std::vector<Batch>& pieces) const;

  const readers::InputFile& input_;
  arrow::MemoryPool* const pool_;
  const ColumnPlan* plan_ = nullptr;  // not owned; outlives this
  std::shared_ptr<arrow::Schema> schema_;
  std::uint64_t returned_ = 0;
};

}  // namespace pixhaul::arrow_io
