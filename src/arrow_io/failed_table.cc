// Failed rows are few and spread over many shards, so they are gathered until they make a group
// worth writing; a group then holds slices of many shards' columns.
#include "arrow_io/failed_table.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "arrow_io/input_columns.h"
#include "arrow_io/parquet_file.h"
#include "arrow_io/parquet_source.h"
#include "arrow_io/row_columns.h"
#include "arrow_io/status.h"
#include "base/check.h"

namespace pixhaul::arrow_io {

namespace {

using writers::FailedRow;

constexpr std::int64_t kGroupRows = 10'000;
constexpr std::string_view kDoing = "write the table of failed rows";

const RowColumn kUrl = {"url", CellType::text,
                        [](const RowFacts& f) { return Cell(std::string_view(f.row.url)); }};
const RowColumn kOwn[] = {
    {"status", CellType::text, [](const RowFacts& f) { return Cell(name(f.row.outcome.status)); }},
    {"detail", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.detail); }},
    {"http_status", CellType::int32,
     [](const RowFacts& f) { return number_or_null(f.row.outcome.http_status); }},
};

std::vector<RowColumn> own_columns(const arrow::Schema& input) {
  std::vector<RowColumn> columns;
  if (input.GetFieldIndex(kUrl.name) < 0) columns.push_back(kUrl);
  for (RowColumn column : kOwn) {
    if (input.GetFieldIndex(column.name) >= 0) column.name.insert(0, "pixhaul_");
    columns.push_back(std::move(column));
  }
  return columns;
}

// The column `field` of a shard's table as that type, null where it has none or no cast is known.
std::shared_ptr<arrow::ChunkedArray> column_as(const arrow::Table& table, const arrow::Field& field,
                                               arrow::compute::ExecContext* context) {
  std::shared_ptr<arrow::ChunkedArray> column = table.GetColumnByName(field.name());
  if (column != nullptr && column->type()->Equals(field.type())) return column;
  if (column != nullptr) {
    auto cast =
        arrow::compute::Cast(column, field.type(), arrow::compute::CastOptions::Safe(), context);
    if (cast.ok()) return cast->chunked_array();
  }
  auto nulls = arrow::MakeArrayOfNull(field.type(), table.num_rows(), context->memory_pool());
  PIXHAUL_CHECK(nulls.ok());
  return std::make_shared<arrow::ChunkedArray>(std::move(*nulls));
}

class FailedRows final : public writers::FailedTable {
 public:
  FailedRows(WritableFile& file, arrow::MemoryPool* pool)
      : file_(file), pool_(pool), context_(pool) {}

  Result<> add_shard(std::string_view columns, std::span<const FailedRow> rows) override {
    std::shared_ptr<arrow::Table> input;
    if (!columns.empty()) {
      auto read = read_input_columns(columns, pool_);
      if (!read) return std::unexpected(std::move(read).error());
      input = std::move(*read);
    }
    if (parquet_ == nullptr) {
      auto begun = begin(input != nullptr ? *input->schema() : arrow::Schema({}));
      if (!begun) return begun;
    }
    if (rows.empty()) return {};
    auto table = failed_rows(input.get(), rows);
    if (!table) return std::unexpected(std::move(table).error());
    return gather(std::move(*table));
  }

  Result<> add_table(const pixhaul::RandomAccessFile& table) override {
    const auto size = table.size();
    if (!size) return std::unexpected(size.error());
    return for_each_group(table, *size, "read a table of failed rows", pool_,
                          [this](const arrow::Table& group) { return add_group(group); });
  }

  Result<FileFacts> finish() override {
    if (parquet_ == nullptr) {
      if (auto begun = begin(arrow::Schema({})); !begun) return std::unexpected(begun.error());
    }
    if (group_rows_ > 0) {
      if (auto written = write_group(); !written) return std::unexpected(written.error());
    }
    return parquet_->finish();
  }

 private:
  Result<> begin(const arrow::Schema& input) {
    input_fields_ = input.fields();
    own_.emplace(own_columns(input), pool_);
    arrow::FieldVector fields = input_fields_;
    for (std::size_t i = 0; i < own_->count(); ++i) fields.push_back(own_->field(i));
    schema_ = arrow::schema(std::move(fields));
    auto parquet = ParquetFile::create(file_, {.schema = schema_, .pool = pool_});
    if (!parquet) return std::unexpected(std::move(parquet).error());
    parquet_ = std::move(*parquet);
    return {};
  }

  // The failed rows of a shard's columns, each column cast to the table's type.
  arrow::Result<std::shared_ptr<arrow::Table>> taken(const arrow::Table* input,
                                                     std::span<const FailedRow> rows) {
    const auto count = static_cast<std::int64_t>(rows.size());
    arrow::ChunkedArrayVector columns;
    if (input == nullptr) {
      for (const auto& field : input_fields_) {
        ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(field->type(), count, pool_));
        columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(nulls)));
      }
      return arrow::Table::Make(arrow::schema(input_fields_), std::move(columns), count);
    }
    for (const auto& field : input_fields_) columns.push_back(column_as(*input, *field, &context_));
    const auto all =
        arrow::Table::Make(arrow::schema(input_fields_), std::move(columns), input->num_rows());
    arrow::UInt32Builder positions(pool_);
    for (const FailedRow& row : rows) ARROW_RETURN_NOT_OK(positions.Append(row.position));
    ARROW_ASSIGN_OR_RAISE(auto indices, positions.Finish());
    ARROW_ASSIGN_OR_RAISE(
        auto chosen,
        arrow::compute::Take(all, indices, arrow::compute::TakeOptions::BoundsCheck(), &context_));
    return chosen.table();
  }

  Result<std::shared_ptr<arrow::Table>> failed_rows(const arrow::Table* input,
                                                    std::span<const FailedRow> rows) {
    if (input != nullptr && rows.back().position >= input->num_rows()) {
      return std::unexpected(Error{
          .code = ErrorCode::state_damaged,
          .detail = fmt::format("the columns of a shard's input have {} rows and lack number {}",
                                input->num_rows(), rows.back().position)});
    }
    for (const FailedRow& failed_row : rows) {
      auto appended = own_->append({.row = failed_row.row, .status = {}});
      if (!appended) return std::unexpected(std::move(appended).error());
    }
    auto own = own_->finish();
    if (!own) return std::unexpected(std::move(own).error());
    auto inputs = taken(input, rows);
    if (!inputs.ok()) return failed(ErrorCode::output_unwritable, kDoing, inputs.status());
    arrow::ChunkedArrayVector columns = (*inputs)->columns();
    for (const auto& column : *own)
      columns.push_back(std::make_shared<arrow::ChunkedArray>(column));
    return arrow::Table::Make(schema_, std::move(columns), static_cast<std::int64_t>(rows.size()));
  }

  // Ours are its last columns, under whatever names; the input's are told by theirs.
  Result<> add_group(const arrow::Table& group) {
    const int input_count = group.num_columns() - static_cast<int>(std::size(kOwn));
    if (input_count < 1) {
      return std::unexpected(Error{.code = ErrorCode::state_damaged,
                                   .detail = "a table of failed rows lacks columns"});
    }
    arrow::FieldVector fields;
    for (int i = 0; i < input_count; ++i) fields.push_back(group.field(i)->RemoveMetadata());
    arrow::ChunkedArrayVector inputs(group.columns().begin(),
                                     group.columns().begin() + input_count);
    const auto input =
        arrow::Table::Make(arrow::schema(std::move(fields)), std::move(inputs), group.num_rows());
    if (parquet_ == nullptr) {
      if (auto begun = begin(*input->schema()); !begun) return begun;
    }
    arrow::ChunkedArrayVector columns;
    for (const auto& field : input_fields_) columns.push_back(column_as(*input, *field, &context_));
    for (int i = static_cast<int>(columns.size()); i < schema_->num_fields(); ++i) {
      const int from = group.num_columns() - (schema_->num_fields() - i);
      columns.push_back(group.column(from));
    }
    return gather(arrow::Table::Make(schema_, std::move(columns), group.num_rows()));
  }

  Result<> gather(std::shared_ptr<arrow::Table> table) {
    group_rows_ += table->num_rows();
    group_.push_back(std::move(table));
    return group_rows_ >= kGroupRows ? write_group() : Result<>();
  }

  arrow::Result<std::shared_ptr<arrow::Table>> gathered() {
    group_rows_ = 0;
    ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateTables(std::exchange(group_, {})));
    return all->CombineChunks(pool_);
  }

  Result<> write_group() {
    auto table = gathered();
    if (!table.ok()) return failed(ErrorCode::output_unwritable, kDoing, table.status());
    return parquet_->write_group(**table);
  }

  WritableFile& file_;
  arrow::MemoryPool* const pool_;  // not owned, outlives this
  arrow::compute::ExecContext context_;
  std::unique_ptr<ParquetFile> parquet_;  // nullptr before the first shard
  std::shared_ptr<arrow::Schema> schema_;
  arrow::FieldVector input_fields_;
  std::optional<RowColumns> own_;
  std::vector<std::shared_ptr<arrow::Table>> group_;
  std::int64_t group_rows_ = 0;
};

}  // namespace

std::unique_ptr<writers::FailedTable> make_failed_table(WritableFile& file,
                                                        arrow::MemoryPool* pool) {
  return std::make_unique<FailedRows>(file, pool);
}

}  // namespace pixhaul::arrow_io
