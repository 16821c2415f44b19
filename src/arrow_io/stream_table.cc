// A table of the calling program, by Arrow's C stream interface: batches come when they are asked
// for, whatever library makes them, and nothing of that library's is linked.
#include <arrow/api.h>
#include <arrow/c/bridge.h>

#include <utility>

#include "arrow_io/batch_blocks.h"
#include "arrow_io/status.h"
#include "arrow_io/table_source.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::int64_t kBlockRows = 2048;

class StreamTable final : public TableSource {
 public:
  StreamTable(std::shared_ptr<arrow::RecordBatchReader> batches, const readers::InputFile& input,
              arrow::MemoryPool* pool)
      : input_(input), batches_(std::move(batches)), blocks_(input, pool) {}

  Result<std::vector<std::string>> column_names() override {
    return batches_->schema()->field_names();
  }

  Result<std::shared_ptr<arrow::Schema>> infer(const ColumnPlan& plan) override {
    plan_ = &plan;
    return blocks_.infer(plan, *batches_->schema());
  }

  Result<std::shared_ptr<arrow::Schema>> infer_all() override { return infer(*plan_); }

  Result<> use(std::shared_ptr<arrow::Schema> schema) override {
    blocks_.use(std::move(schema));
    return {};
  }

  // A table in memory is one batch of any length: blocks keep what is cast small.
  Result<bool> next(TableBlock& block) override {
    while (!batch_ || at_ == batch_->num_rows()) {
      at_ = 0;
      const arrow::Status read = batches_->ReadNext(&batch_);
      if (!read.ok()) return std::unexpected(unreadable(input_.name, read));
      if (!batch_) return false;
    }
    const auto slice = batch_->Slice(at_, kBlockRows);
    at_ += slice->num_rows();
    if (Result<> made = blocks_.make(*slice, block); !made) {
      return std::unexpected(std::move(made).error());
    }
    return true;
  }

  double share_returned() const override { return 0; }  // a stream does not say how long it is

 private:
  const readers::InputFile& input_;
  const ColumnPlan* plan_ = nullptr;  // not owned; outlives this
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::int64_t at_ = 0;  // the next row of batch_
  BatchBlocks blocks_;
};

}  // namespace

Result<std::unique_ptr<TableSource>> open_stream_table(ArrowArrayStream& stream,
                                                       const readers::InputFile& input,
                                                       arrow::MemoryPool* pool) {
  auto batches = arrow::ImportRecordBatchReader(&stream);
  if (!batches.ok()) return std::unexpected(unreadable(input.name, batches.status()));
  return std::make_unique<StreamTable>(*std::move(batches), input, pool);
}

}  // namespace pixhaul::arrow_io
