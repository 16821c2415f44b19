// Parquet, in batches of rows through buffered column streams: a row group of any size costs a few
// pages a column. Values are cast to the types the reader's columns have; a batch that cannot be is
// halved until the rows to blame stand alone. Parquet's C++ throws: everything is caught here.
#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/io/interfaces.h>
#include <fmt/core.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <exception>
#include <numeric>
#include <utility>

#include "arrow_io/seekable.h"
#include "arrow_io/status.h"
#include "arrow_io/table_source.h"

namespace pixhaul::arrow_io {

namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Schema = std::shared_ptr<arrow::Schema>;
using Type = std::shared_ptr<arrow::DataType>;

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

bool is_list(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

// What a column of that type is passed on as: dictionaries and extensions as what they stand for.
Type plain_type(const Type& type) {
  if (type->id() == arrow::Type::DICTIONARY) {
    return static_cast<const arrow::DictionaryType&>(*type).value_type();
  }
  if (type->id() == arrow::Type::EXTENSION) {
    return static_cast<const arrow::ExtensionType&>(*type).storage_type();
  }
  return type;
}

class ParquetTable final : public TableSource {
 public:
  ParquetTable(const readers::InputFile& input, arrow::MemoryPool* pool)
      : input_(input), pool_(pool), context_(pool) {}

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
      ARROW_RETURN_NOT_OK(builder.Open(make_arrow_file(std::move(file)), properties));
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
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < plan.sources.size(); ++i) {
      const readers::ChosenColumn& source = plan.sources[i];
      const Type given = file_schema_->GetFieldByName(source.name)->type();
      Type type = plain_type(given);
      if (plan.boxes == i) {
        type = is_list(*type) ? arrow::list(arrow::list(arrow::float64())) : arrow::utf8();
      }
      if (source.kind == readers::ColumnKind::text) {
        if (type->num_fields() > 0) {
          return std::unexpected(unreadable(
              input_.name,
              fmt::format("its column '{}' holds {}, not text", source.name, given->ToString())));
        }
        type = arrow::utf8();
      }
      fields.push_back(arrow::field(source.name, std::move(type)));
    }
    return arrow::schema(std::move(fields));
  }

  Result<Schema> infer_all() override { return infer(*plan_); }

  Result<> use(Schema schema) override {
    schema_ = std::move(schema);
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
                                   returned_, words(read))));
    }
    if (!batch) return false;
    block.problems.clear();
    block.lines.clear();
    std::vector<Batch> pieces;
    std::vector<std::uint64_t> bad;
    Batch chosen;
    const arrow::Status cast = caught([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(chosen, choose(*batch));
      cast_rows(chosen, 0, block, pieces);
      return arrow::Status::OK();
    });
    if (!cast.ok()) return std::unexpected(unreadable(input_.name, cast));
    bad.reserve(block.problems.size());
    for (const TableBlock::Problem& problem : block.problems) bad.push_back(problem.row);
    auto columns = fill_gaps(pieces, schema_, bad, std::vector<std::string>(bad.size()), pool_);
    if (!columns) return std::unexpected(std::move(columns).error());
    block.columns = std::move(*columns);
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) block.lines.push_back(++returned_);
    return true;
  }

  double share_returned() const override {
    return rows_ == 0 ? 1 : static_cast<double>(returned_) / static_cast<double>(rows_);
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

  // The plan's columns, as plain types.
  arrow::Result<Batch> choose(const arrow::RecordBatch& batch) const {
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    for (const readers::ChosenColumn& source : plan_->sources) {
      std::shared_ptr<arrow::Array> column = batch.GetColumnByName(source.name);
      if (!column) return arrow::Status::Invalid("column '", source.name, "' is not there");
      if (column->type_id() == arrow::Type::EXTENSION) {
        column = static_cast<const arrow::ExtensionArray&>(*column).storage();
      }
      fields.push_back(arrow::field(source.name, column->type()));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(),
                                    std::move(columns));
  }

  arrow::Result<Batch> cast(const arrow::RecordBatch& batch) const {
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const Type& type = schema_->field(i)->type();
      std::shared_ptr<arrow::Array> column = batch.column(i);
      if (!column->type()->Equals(type)) {
        ARROW_ASSIGN_OR_RAISE(
            column,
            arrow::compute::Cast(*column, type, arrow::compute::CastOptions::Safe(), &context_));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  }

  // `row`: of the batch's first in the block.
  void cast_rows(const Batch& batch, std::int64_t row, TableBlock& block,
                 std::vector<Batch>& pieces) const {
    if (batch->num_rows() == 0) return;
    arrow::Result<Batch> done = cast(*batch);
    if (done.ok()) {
      pieces.push_back(*std::move(done));
    } else if (batch->num_rows() == 1) {
      block.problems.push_back(
          {.row = static_cast<std::uint64_t>(row),
           .text = fmt::format("row {}: {}", returned_ + static_cast<std::uint64_t>(row) + 1,
                               words(done.status()))});
    } else {
      const std::int64_t middle = batch->num_rows() / 2;
      cast_rows(batch->Slice(0, middle), row, block, pieces);
      cast_rows(batch->Slice(middle), row + middle, block, pieces);
    }
  }

  const readers::InputFile& input_;
  arrow::MemoryPool* const pool_;  // not owned, outlives this
  mutable arrow::compute::ExecContext context_;
  const ColumnPlan* plan_ = nullptr;  // not owned; outlives this
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  Schema file_schema_;
  Schema schema_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::uint64_t rows_ = 0;
  std::uint64_t returned_ = 0;
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
