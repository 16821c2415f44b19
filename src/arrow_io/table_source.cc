#include "arrow_io/table_source.h"

#include <arrow/api.h>

#include <algorithm>
#include <utility>

#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

namespace {

using readers::ColumnKind;

std::size_t add_source(ColumnPlan& plan, const std::string& name, ColumnKind kind) {
  const auto at = std::ranges::find(plan.sources, name, &readers::ChosenColumn::name);
  const auto index = static_cast<std::size_t>(at - plan.sources.begin());
  if (at == plan.sources.end()) {
    plan.sources.push_back({.name = name, .kind = kind});
  } else if (kind == ColumnKind::text) {
    at->kind = kind;
  }
  return index;
}

std::shared_ptr<arrow::DataType> merge_types(const std::shared_ptr<arrow::DataType>& one,
                                             const std::shared_ptr<arrow::DataType>& other,
                                             bool by_text) {
  if (one->Equals(other) || other->id() == arrow::Type::NA) return one;
  if (one->id() == arrow::Type::NA) return other;
  const auto either = [&](arrow::Type::type a, arrow::Type::type b) {
    return (one->id() == a && other->id() == b) || (one->id() == b && other->id() == a);
  };
  if (either(arrow::Type::INT64, arrow::Type::DOUBLE)) return arrow::float64();
  if (one->id() == arrow::Type::TIMESTAMP && other->id() == arrow::Type::TIMESTAMP) {
    return arrow::timestamp(arrow::TimeUnit::NANO);
  }
  if (either(arrow::Type::DATE32, arrow::Type::TIMESTAMP)) {
    return one->id() == arrow::Type::TIMESTAMP ? one : other;
  }
  if (one->id() == arrow::Type::LIST && other->id() == arrow::Type::LIST) {
    return arrow::list(merge_types(one->field(0)->type(), other->field(0)->type(), by_text));
  }
  if (either(arrow::Type::STRING, arrow::Type::TIMESTAMP)) return arrow::utf8();
  return by_text ? arrow::utf8() : one;
}

}  // namespace

ColumnPlan make_column_plan(const readers::TableSettings& settings) {
  ColumnPlan plan;
  const std::size_t url = add_source(plan, settings.url_column, ColumnKind::text);
  for (const std::string& name : settings.additional_columns) {
    plan.outputs.push_back({.name = name, .source = add_source(plan, name, ColumnKind::any)});
  }
  if (settings.box_column) {
    plan.boxes = add_source(plan, *settings.box_column, ColumnKind::any);
    // img2dataset 1.47 main.py: the column of boxes is appended to save_additional_columns.
    const bool saved = std::ranges::find(settings.additional_columns, *settings.box_column) !=
                       settings.additional_columns.end();
    if (!saved) plan.outputs.push_back({.name = *settings.box_column, .source = *plan.boxes});
  }
  if (settings.caption_column) {
    plan.caption = add_source(plan, *settings.caption_column, ColumnKind::text);
    plan.outputs.push_back({.name = "caption", .source = *plan.caption});
  }
  if (settings.verify) {
    plan.verify = add_source(plan, settings.verify->column, ColumnKind::text);
    plan.outputs.push_back({.name = settings.verify->digest, .source = *plan.verify});
  }
  plan.outputs.push_back({.name = "url", .source = url});
  return plan;
}

std::shared_ptr<arrow::Schema> merge_schemas(const std::shared_ptr<arrow::Schema>& one,
                                             const std::shared_ptr<arrow::Schema>& other,
                                             bool by_text) {
  arrow::FieldVector fields;
  for (int i = 0; i < one->num_fields(); ++i) {
    fields.push_back(
        arrow::field(one->field(i)->name(),
                     merge_types(one->field(i)->type(), other->field(i)->type(), by_text)));
  }
  return arrow::schema(std::move(fields));
}

namespace {

// Runs of good rows from `pieces` and of bad ones, in order.
class Gaps {
 public:
  Gaps(const std::vector<std::shared_ptr<arrow::RecordBatch>>& pieces,
       std::span<const std::uint64_t> bad, std::span<const std::string> shown,
       arrow::MemoryPool* pool)
      : pieces_(pieces), bad_(bad), shown_(shown), pool_(pool) {}

  arrow::Result<std::shared_ptr<arrow::Array>> column(
      int index, const std::shared_ptr<arrow::DataType>& type) const {
    arrow::ArrayVector parts;
    std::size_t piece = 0;
    std::int64_t in_piece = 0;
    std::uint64_t row = 0;
    const auto take_good = [&](std::uint64_t count) {
      while (count > 0 && piece < pieces_.size()) {
        const std::shared_ptr<arrow::Array>& from = pieces_[piece]->column(index);
        const std::int64_t part =
            std::min(static_cast<std::int64_t>(count), from->length() - in_piece);
        parts.push_back(from->Slice(in_piece, part));
        in_piece += part;
        count -= static_cast<std::uint64_t>(part);
        if (in_piece == from->length()) {
          ++piece;
          in_piece = 0;
        }
      }
    };
    for (std::size_t i = 0; i < bad_.size();) {
      take_good(bad_[i] - row);
      std::size_t end = i + 1;
      while (end < bad_.size() && bad_[end] == bad_[end - 1] + 1) ++end;
      ARROW_ASSIGN_OR_RAISE(auto gap, gap_of(index, type, i, end));
      parts.push_back(std::move(gap));
      row = bad_[end - 1] + 1;
      i = end;
    }
    take_good(~std::uint64_t{0} >> 1);
    if (parts.empty()) return arrow::MakeEmptyArray(type);
    return arrow::Concatenate(parts, pool_);
  }

 private:
  arrow::Result<std::shared_ptr<arrow::Array>> gap_of(int index,
                                                      const std::shared_ptr<arrow::DataType>& type,
                                                      std::size_t begin, std::size_t end) const {
    if (index != 0) return arrow::MakeArrayOfNull(type, static_cast<std::int64_t>(end - begin));
    arrow::StringBuilder builder;
    for (std::size_t i = begin; i < end; ++i) {
      const bool has_text = !shown_[i].empty() && readers::is_utf8(shown_[i]);
      ARROW_RETURN_NOT_OK(has_text ? builder.Append(shown_[i]) : builder.AppendNull());
    }
    return builder.Finish();
  }

  const std::vector<std::shared_ptr<arrow::RecordBatch>>& pieces_;
  std::span<const std::uint64_t> bad_;
  std::span<const std::string> shown_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> fill_gaps(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& pieces,
    const std::shared_ptr<arrow::Schema>& schema, std::span<const std::uint64_t> bad,
    std::span<const std::string> shown, arrow::MemoryPool* pool) {
  if (bad.empty() && pieces.size() == 1) return pieces.front();
  const Gaps gaps(pieces, bad, shown, pool);
  std::int64_t rows = static_cast<std::int64_t>(bad.size());
  for (const auto& piece : pieces) rows += piece->num_rows();
  arrow::ArrayVector columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto column = gaps.column(i, schema->field(i)->type());
    if (!column.ok()) return std::unexpected(unreadable("the table", column.status()));
    columns.push_back(*std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace pixhaul::arrow_io
