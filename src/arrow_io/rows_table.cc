#include "arrow_io/rows_table.h"

#include <arrow/api.h>

#include <chrono>
#include <cstdint>
#include <utility>

#include "arrow_io/parquet_file.h"
#include "arrow_io/row_columns.h"

namespace pixhaul::arrow_io {

namespace {

// A shard of the usual size is one group: 2 MB at most, and quicker to read.
constexpr std::int64_t kGroupRows = 10'000;

Cell milliseconds(float value) { return value >= 0 ? Cell(value) : Cell(); }

Cell microseconds(std::chrono::system_clock::time_point time) {
  if (time == std::chrono::system_clock::time_point()) return {};
  return Cell(static_cast<std::int64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count()));
}

const RowColumn kColumns[] = {
    {"key", CellType::text, [](const RowFacts& f) { return Cell(std::string_view(f.row.key)); }},
    {"input", CellType::text, [](const RowFacts& f) { return text_or_null(f.row.input); }},
    {"line", CellType::int64, [](const RowFacts& f) { return number_or_null(f.row.line); }},
    {"url", CellType::text, [](const RowFacts& f) { return Cell(std::string_view(f.row.url)); }},
    {"final_url", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.final_url); }},
    {"status", CellType::text, [](const RowFacts& f) { return Cell(name(f.row.outcome.status)); }},
    {"detail", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.detail); }},
    {"transient", CellType::boolean,
     [](const RowFacts& f) { return Cell(f.row.outcome.transient); }},
    {"http_status", CellType::int32,
     [](const RowFacts& f) { return number_or_null(f.row.outcome.http_status); }},
    {"bytes", CellType::int64,
     [](const RowFacts& f) { return Cell(static_cast<std::int64_t>(f.row.outcome.bytes)); }},
    {"media_type", CellType::text,
     [](const RowFacts& f) { return text_or_null(media_type(f.row.outcome.format)); }},
    {"path", CellType::text, [](const RowFacts& f) { return text_or_null(f.row.path); }},
    {"width", CellType::int64,
     [](const RowFacts& f) { return number_or_null(f.row.outcome.width); }},
    {"height", CellType::int64,
     [](const RowFacts& f) { return number_or_null(f.row.outcome.height); }},
    {"original_width", CellType::int64,
     [](const RowFacts& f) { return number_or_null(f.row.outcome.original_width); }},
    {"original_height", CellType::int64,
     [](const RowFacts& f) { return number_or_null(f.row.outcome.original_height); }},
    {"digest", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.digest); }},
    {"exif", CellType::text, [](const RowFacts& f) { return text_or_null(f.row.outcome.exif); }},
    {"etag", CellType::text, [](const RowFacts& f) { return text_or_null(f.row.outcome.etag); }},
    {"last_modified", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.last_modified); }},
    {"retrieved_at", CellType::time_us,
     [](const RowFacts& f) { return microseconds(f.row.outcome.retrieved_at); }},
    {"dns_ms", CellType::float32,
     [](const RowFacts& f) { return milliseconds(f.row.outcome.times.dns_ms); }},
    {"connect_ms", CellType::float32,
     [](const RowFacts& f) { return milliseconds(f.row.outcome.times.connect_ms); }},
    {"tls_ms", CellType::float32,
     [](const RowFacts& f) { return milliseconds(f.row.outcome.times.tls_ms); }},
    {"first_byte_ms", CellType::float32,
     [](const RowFacts& f) { return milliseconds(f.row.outcome.times.first_byte_ms); }},
    {"total_ms", CellType::float32,
     [](const RowFacts& f) { return milliseconds(f.row.outcome.times.total_ms); }},
    {"attempts", CellType::int32,
     [](const RowFacts& f) { return Cell(std::int64_t{f.row.outcome.attempts}); }},
    {"redirects", CellType::int32,
     [](const RowFacts& f) { return Cell(std::int64_t{f.row.outcome.redirects}); }},
    {"reused", CellType::boolean, [](const RowFacts& f) { return Cell(f.row.outcome.reused); }},
    {"address", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.address); }},
    {"tls_version", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.tls_version); }},
    {"http_version", CellType::text,
     [](const RowFacts& f) { return text_or_null(f.row.outcome.http_version); }},
};

class RowsTable final : public writers::TableWriter {
 public:
  RowsTable(RowColumns columns, std::shared_ptr<arrow::Schema> schema,
            std::unique_ptr<ParquetFile> file)
      : columns_(std::move(columns)), schema_(std::move(schema)), file_(std::move(file)) {}

  Result<> add(const Row& row, std::optional<std::span<const std::byte>>) override {
    if (auto appended = columns_.append({.row = row, .status = {}}); !appended) return appended;
    return ++group_rows_ == kGroupRows ? write_group() : Result<>();
  }

  Result<FileFacts> finish() override {
    if (group_rows_ > 0) {
      if (auto written = write_group(); !written) return std::unexpected(written.error());
    }
    return file_->finish();
  }

 private:
  Result<> write_group() {
    auto columns = columns_.finish();
    if (!columns) return std::unexpected(std::move(columns).error());
    return file_->write_group(
        *arrow::Table::Make(schema_, *columns, std::exchange(group_rows_, 0)));
  }

  RowColumns columns_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::unique_ptr<ParquetFile> file_;
  std::int64_t group_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<writers::TableWriter>> create_rows_table(WritableFile& file,
                                                                arrow::MemoryPool* pool) {
  RowColumns columns(kColumns, pool);
  auto schema = columns.schema();
  auto parquet = ParquetFile::create(file, {.schema = schema, .pool = pool});
  if (!parquet) return std::unexpected(std::move(parquet).error());
  return std::make_unique<RowsTable>(std::move(columns), std::move(schema), std::move(*parquet));
}

}  // namespace pixhaul::arrow_io
