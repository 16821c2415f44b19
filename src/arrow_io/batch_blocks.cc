#include "arrow_io/batch_blocks.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <fmt/core.h>

#include <string>
#include <utility>

#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Type = std::shared_ptr<arrow::DataType>;

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

// The plan's columns, as plain types.
arrow::Result<Batch> choose(const arrow::RecordBatch& batch, const ColumnPlan& plan) {
  arrow::ArrayVector columns;
  arrow::FieldVector fields;
  for (const readers::ChosenColumn& source : plan.sources) {
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

arrow::Result<Batch> cast(const arrow::RecordBatch& batch,
                          const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  arrow::ArrayVector columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    const Type& type = schema->field(i)->type();
    std::shared_ptr<arrow::Array> column = batch.column(i);
    if (!column->type()->Equals(type)) {
      ARROW_ASSIGN_OR_RAISE(
          column,
          arrow::compute::Cast(*column, type, arrow::compute::CastOptions::Safe(), &context));
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(columns));
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> BatchBlocks::infer(const ColumnPlan& plan,
                                                          const arrow::Schema& given) {
  plan_ = &plan;
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < plan.sources.size(); ++i) {
    const readers::ChosenColumn& source = plan.sources[i];
    const Type held = given.GetFieldByName(source.name)->type();
    Type type = plain_type(held);
    if (plan.boxes == i) {
      type = is_list(*type) ? arrow::list(arrow::list(arrow::float64())) : arrow::utf8();
    }
    if (source.kind == readers::ColumnKind::text) {
      if (type->num_fields() > 0) {
        return std::unexpected(unreadable(
            input_.name,
            fmt::format("its column '{}' holds {}, not text", source.name, held->ToString())));
      }
      type = arrow::utf8();
    }
    fields.push_back(arrow::field(source.name, std::move(type)));
  }
  return arrow::schema(std::move(fields));
}

Result<> BatchBlocks::make(const arrow::RecordBatch& batch, TableBlock& block) {
  block.problems.clear();
  block.lines.clear();
  const arrow::Result<Batch> chosen = choose(batch, *plan_);
  if (!chosen.ok()) return std::unexpected(unreadable(input_.name, chosen.status()));
  std::vector<Batch> pieces;
  cast_rows(*chosen, 0, block, pieces);
  std::vector<std::uint64_t> bad;
  bad.reserve(block.problems.size());
  for (const TableBlock::Problem& problem : block.problems) bad.push_back(problem.row);
  auto columns = fill_gaps(pieces, schema_, bad, std::vector<std::string>(bad.size()), pool_);
  if (!columns) return std::unexpected(std::move(columns).error());
  block.columns = std::move(*columns);
  for (std::int64_t i = 0; i < batch.num_rows(); ++i) block.lines.push_back(++returned_);
  return {};
}

void BatchBlocks::cast_rows(const Batch& batch, std::int64_t row, TableBlock& block,
                            std::vector<Batch>& pieces) const {
  if (batch->num_rows() == 0) return;
  arrow::Result<Batch> done = cast(*batch, schema_, pool_);
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

}  // namespace pixhaul::arrow_io
