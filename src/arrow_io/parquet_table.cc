// Parquet, in batches of rows through buffered column streams: a row group of any size costs a few
// pages a column. Parquet's C++ throws: everything is caught here.
#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <fmt/core.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <exception>
#include <numeric>
#include <utility>

#include "arrow_io/batch_blocks.h"
#include "arrow_io/seekable.h"
#include "arrow_io/status.h"
#include "arrow_io/table_source.h"

namespace pixhaul::arrow_io {

namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Schema = std::shared_ptr<arrow::Schema>;

constexpr std::int64_t kBatchRows = 2048;
constexpr std::int64_t kStreamBytes = 64 * 1024;  // read at once of a column

// `work`'s status, or what it threw.
template <class Work>
arrow::Status caught(Work work) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    return arrow::Status::IOError(thrown.what());
  }
}

class ParquetTable final : public TableSource {
 public:
  ParquetTable(const readers::InputFile& input, arrow::MemoryPool* pool)
      : input_(input), pool_(pool), blocks_(input, pool) {}

  Result<> open(std::unique_ptr<ReadableFile> file) {
    const arrow::Status opened = caught([&]() -> arrow::Status {
      parquet::ReaderProperties properties(pool_);
      properties.enable_buffered_stream();
      properties.set_buffer_size(kStreamBytes);
      parquet::ArrowReaderProperties arrow_properties;
      arrow_properties.set_use_threads(false);
      arrow_properties.set_pre_buffer(false);
      arrow_properties.set_batch_size(kBatchRows);
      parquet::arrow::FileReaderBuilder builder;
      ARROW_RETURN_NOT_OK(builder.Open(make_arrow_file(std::move(file), pool_), properties));
      builder.properties(arrow_properties);
      ARROW_RETURN_NOT_OK(builder.Build(&reader_));
      rows_ = static_cast<std::uint64_t>(reader_->parquet_reader()->metadata()->num_rows());
      return reader_->GetSchema(&file_schema_);
    });
    if (opened.ok()) return {};
    return std::unexpected(
        unreadable(input_.name, fmt::format("it is no whole parquet file ({}); fetch it again, or "
                                            "say what it is with --input_format",
                                            words(opened))));
  }

  Result<std::vector<std::string>> column_names() override { return file_schema_->field_names(); }

  Result<Schema> infer(const ColumnPlan& plan) override {
    plan_ = &plan;
    return blocks_.infer(plan, *file_schema_);
  }

  Result<Schema> infer_all() override { return infer(*plan_); }

  Result<> use(Schema schema) override {
    blocks_.use(std::move(schema));
    const arrow::Status begun = caught([&]() -> arrow::Status {
      std::vector<int> groups(static_cast<std::size_t>(reader_->num_row_groups()));
      std::iota(groups.begin(), groups.end(), 0);
      ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader(groups, leaves()));
      return arrow::Status::OK();
    });
    if (!begun.ok()) return std::unexpected(unreadable(input_.name, begun));
    return {};
  }

  Result<bool> next(TableBlock& block) override {
    Batch batch;
    const arrow::Status read = caught([&] { return batches_->ReadNext(&batch); });
    if (!read.ok()) {
      return std::unexpected(unreadable(
          input_.name, fmt::format("it is damaged behind row {} ({}); fetch or write it again",
                                   blocks_.rows_returned(), words(read))));
    }
    if (!batch) return false;
    Result<> made;
    const arrow::Status cast = caught([&] {
      made = blocks_.make(*batch, block);
      return arrow::Status::OK();
    });
    if (!cast.ok()) return std::unexpected(unreadable(input_.name, cast));
    if (!made) return std::unexpected(std::move(made).error());
    return true;
  }

  double share_returned() const override {
    return rows_ == 0 ? 1
                      : static_cast<double>(blocks_.rows_returned()) / static_cast<double>(rows_);
  }

 private:
  // Of the chosen columns, nested ones with all their parts.
  std::vector<int> leaves() const {
    std::vector<int> leaves;
    const parquet::SchemaDescriptor& schema = *reader_->parquet_reader()->metadata()->schema();
    std::vector<bool> chosen(static_cast<std::size_t>(schema.group_node()->field_count()));
    for (const readers::ChosenColumn& source : plan_->sources) {
      chosen[static_cast<std::size_t>(schema.group_node()->FieldIndex(source.name))] = true;
    }
    for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
      const int root = schema.group_node()->FieldIndex(*schema.GetColumnRoot(leaf));
      if (root >= 0 && chosen[static_cast<std::size_t>(root)]) leaves.push_back(leaf);
    }
    return leaves;
  }

  const readers::InputFile& input_;
  arrow::MemoryPool* const pool_;     // not owned, outlives this
  const ColumnPlan* plan_ = nullptr;  // not owned; outlives this
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  Schema file_schema_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::uint64_t rows_ = 0;
  BatchBlocks blocks_;
};

}  // namespace

Result<std::unique_ptr<TableSource>> open_parquet_table(std::unique_ptr<ReadableFile> file,
                                                        const readers::InputFile& input,
                                                        arrow::MemoryPool* pool) {
  auto seekable = make_seekable(readers::make_decompressed(std::move(file), input), input.name);
  if (!seekable) return std::unexpected(std::move(seekable).error());
  auto table = std::make_unique<ParquetTable>(input, pool);
  if (Result<> opened = table->open(std::move(*seekable)); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return table;
}

}  // namespace pixhaul::arrow_io
