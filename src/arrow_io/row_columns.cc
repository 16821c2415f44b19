#include "arrow_io/row_columns.h"

#include <arrow/api.h>

#include "arrow_io/status.h"
#include "base/check.h"
#include "base/json_writer.h"

namespace pixhaul::arrow_io {

namespace {

std::shared_ptr<arrow::DataType> type_of(CellType type) {
  switch (type) {
    case CellType::text:
      return arrow::utf8();
    case CellType::bytes:
      return arrow::binary();
    case CellType::int32:
      return arrow::int32();
    case CellType::int64:
      return arrow::int64();
    case CellType::float32:
      return arrow::float32();
    case CellType::boolean:
      return arrow::boolean();
    case CellType::time_us:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  return arrow::null();
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void repair_utf8(std::string_view text, std::string& out) {
  out.clear();
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

template <class Builder, class Value>
arrow::Status append_as(arrow::ArrayBuilder& builder, Value value) {
  return static_cast<Builder&>(builder).Append(value);
}

arrow::Status append_number(arrow::ArrayBuilder& builder, CellType type, std::int64_t number) {
  switch (type) {
    case CellType::int32:
      return append_as<arrow::Int32Builder>(builder, static_cast<std::int32_t>(number));
    case CellType::time_us:
      return append_as<arrow::TimestampBuilder>(builder, number);
    default:
      PIXHAUL_CHECK(type == CellType::int64);
      return append_as<arrow::Int64Builder>(builder, number);
  }
}

arrow::Status append_cell(arrow::ArrayBuilder& builder, CellType type, const Cell& cell) {
  if (const auto* text = std::get_if<std::string_view>(&cell)) {
    // A StringBuilder is a BinaryBuilder of another type.
    return append_as<arrow::BinaryBuilder>(builder, *text);
  }
  if (const auto* number = std::get_if<std::int64_t>(&cell)) {
    return append_number(builder, type, *number);
  }
  if (const auto* fraction = std::get_if<float>(&cell)) {
    return append_as<arrow::FloatBuilder>(builder, *fraction);
  }
  if (const auto* truth = std::get_if<bool>(&cell)) {
    return append_as<arrow::BooleanBuilder>(builder, *truth);
  }
  return builder.AppendNull();
}

}  // namespace

RowColumns::RowColumns(std::span<const RowColumn> columns, arrow::MemoryPool* pool)
    : columns_(columns.begin(), columns.end()) {
  for (const RowColumn& column : columns_) {
    auto builder = arrow::MakeBuilder(type_of(column.type), pool);
    PIXHAUL_CHECK(builder.ok());
    builders_.push_back(std::move(*builder));
  }
}

RowColumns::RowColumns(RowColumns&& other) noexcept = default;
RowColumns::~RowColumns() = default;

std::shared_ptr<arrow::Field> RowColumns::field(std::size_t column) const {
  return arrow::field(columns_[column].name, type_of(columns_[column].type));
}

std::shared_ptr<arrow::Schema> RowColumns::schema() const {
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < count(); ++i) fields.push_back(field(i));
  return arrow::schema(std::move(fields));
}

Result<> RowColumns::append(const RowFacts& facts) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Cell cell = columns_[i].cell(facts);
    const auto* text = std::get_if<std::string_view>(&cell);
    if (text != nullptr && columns_[i].type == CellType::text && !is_utf8(*text)) {
      repair_utf8(*text, repaired_);
      cell = std::string_view(repaired_);
    }
    const arrow::Status status = append_cell(*builders_[i], columns_[i].type, cell);
    if (!status.ok()) return failed(ErrorCode::output_unwritable, "write a table", status);
  }
  return {};
}

Result<std::vector<std::shared_ptr<arrow::Array>>> RowColumns::finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  arrays.reserve(builders_.size());
  for (const auto& builder : builders_) {
    auto array = builder->Finish();
    if (!array.ok()) return failed(ErrorCode::output_unwritable, "write a table", array.status());
    arrays.push_back(std::move(*array));
  }
  return arrays;
}

}  // namespace pixhaul::arrow_io
