#include "arrow_io/image_reader.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <string_view>
#include <utility>

#include "arrow_io/parquet_source.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::string_view kDoing = "the image cannot be read";
constexpr std::string_view kTexts = "its texts cannot be read";

// Ours stands behind the input's columns, so of several columns of bytes the last is meant.
arrow::Result<int> image_column(parquet::arrow::FileReader& reader) {
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(reader.GetSchema(&schema));
  for (int i = schema->num_fields(); i-- > 0;) {
    if (schema->field(i)->type()->id() != arrow::Type::BINARY) continue;
    // Columns are counted by leaves; only flat ones stand behind the image.
    const int from_end = schema->num_fields() - i;
    return reader.parquet_reader()->metadata()->num_columns() - from_end;
  }
  return arrow::Status::Invalid("the table has no column of images");
}

arrow::Status read_column(parquet::arrow::FileReader& reader, std::string_view column,
                          const std::function<void(std::string_view)>& visit) {
  const auto metadata = reader.parquet_reader()->metadata();
  // Of leaves; a column that is not nested is its own and goes by its name.
  const int leaf = metadata->schema()->ColumnIndex(std::string(column));
  if (leaf < 0) return arrow::Status::OK();
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    ARROW_ASSIGN_OR_RAISE(auto table, reader.ReadRowGroup(group, {leaf}));
    ARROW_RETURN_NOT_OK(table->ValidateFull());
    if (table->num_columns() != 1 || table->field(0)->type()->id() != arrow::Type::STRING)
      return arrow::Status::OK();
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto& texts = static_cast<const arrow::StringArray&>(*chunk);
      for (std::int64_t i = 0; i < texts.length(); ++i)
        visit(texts.IsNull(i) ? std::string_view() : texts.GetView(i));
    }
  }
  return arrow::Status::OK();
}

arrow::Result<std::string> read_value(parquet::arrow::FileReader& reader, std::int64_t row) {
  ARROW_ASSIGN_OR_RAISE(const int column, image_column(reader));
  const auto metadata = reader.parquet_reader()->metadata();
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    const std::int64_t rows = metadata->RowGroup(group)->num_rows();
    if (row >= rows) {
      row -= rows;
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto table, reader.ReadRowGroup(group, {column}));
    ARROW_RETURN_NOT_OK(table->ValidateFull());
    if (table->num_columns() != 1)
      return arrow::Status::Invalid("the image lies in another column");
    ARROW_ASSIGN_OR_RAISE(auto value, table->column(0)->GetScalar(row));
    const auto* bytes = dynamic_cast<const arrow::BaseBinaryScalar*>(value.get());
    if (bytes == nullptr || !bytes->is_valid) return arrow::Status::Invalid("the row has no image");
    return std::string(bytes->view());
  }
  return arrow::Status::Invalid("the table has fewer rows");
}

}  // namespace

Result<std::string> read_table_image(const RandomAccessFile& file, std::uint64_t row,
                                     arrow::MemoryPool* pool) {
  const auto size = file.size();
  if (!size) return std::unexpected(size.error());
  const ParquetSource source(file, *size, pool);
  auto reader = parquet::arrow::OpenFile(source.file(), pool);
  if (!reader.ok()) return source.error_for(kDoing, reader.status());
  auto value = read_value(**reader, static_cast<std::int64_t>(row));
  if (!value.ok()) return source.error_for(kDoing, value.status());
  return std::move(*value);
}

Result<> read_table_texts(const RandomAccessFile& file, std::string_view column,
                          const std::function<void(std::string_view)>& visit,
                          arrow::MemoryPool* pool) {
  const auto size = file.size();
  if (!size) return std::unexpected(size.error());
  const ParquetSource source(file, *size, pool);
  auto reader = parquet::arrow::OpenFile(source.file(), pool);
  if (!reader.ok()) return source.error_for(kTexts, reader.status());
  const arrow::Status read = read_column(**reader, column, visit);
  if (!read.ok()) return source.error_for(kTexts, read);
  return {};
}

}  // namespace pixhaul::arrow_io
