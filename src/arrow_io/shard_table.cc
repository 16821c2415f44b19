#include "arrow_io/shard_table.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "arrow_io/input_columns.h"
#include "arrow_io/parquet_file.h"
#include "arrow_io/row_columns.h"
#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

namespace {

using writers::TableSettings;

constexpr std::int64_t kGroupRows = 100;
constexpr std::uint64_t kGroupImageBytes = std::uint64_t{16} << 20;
constexpr std::string_view kDoing = "write a shard's table";

const RowColumn kUrl = {"url", CellType::text, [](const RowFacts& facts) {
                          return Cell(std::string_view(facts.row.url));
                        }};

Cell exif_of(const RowFacts& facts) { return text_or_null(facts.row.outcome.exif); }
Cell digest_of(const RowFacts& facts) { return text_or_null(facts.row.outcome.digest); }
Cell image_of(const RowFacts& facts) { return facts.image ? Cell(*facts.image) : Cell(); }

// Our columns behind the input's, in order.
std::vector<RowColumn> own_columns(const TableSettings& settings) {
  std::vector<RowColumn> columns = {
      {"key", CellType::text, [](const RowFacts& f) { return Cell(std::string_view(f.row.key)); }},
      {"status", CellType::text, [](const RowFacts& f) { return Cell(f.status.status); }},
      {"error_message", CellType::text,
       [](const RowFacts& f) { return text_or_null(f.status.error_message); }},
      {"width", CellType::int32,
       [](const RowFacts& f) { return number_or_null(f.row.outcome.width); }},
      {"height", CellType::int32,
       [](const RowFacts& f) { return number_or_null(f.row.outcome.height); }},
      {"original_width", CellType::int32,
       [](const RowFacts& f) { return number_or_null(f.row.outcome.original_width); }},
      {"original_height", CellType::int32,
       [](const RowFacts& f) { return number_or_null(f.row.outcome.original_height); }},
  };
  if (settings.exif) columns.push_back({"exif", CellType::text, exif_of});
  if (!settings.hash_name.empty()) {
    columns.push_back({settings.hash_name, CellType::text, digest_of});
  }
  if (!settings.image_column.empty()) {
    columns.push_back({settings.image_column, CellType::bytes, image_of});
  }
  return columns;
}

// Where the values of a column of the table come from.
struct Source {
  bool is_input = false;
  int index = 0;  // of the input's columns, or of ours
};

struct Plan {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<RowColumn> own;
  std::vector<Source> sources;
};

Result<Plan> make_plan(const arrow::Schema* input, const TableSettings& settings) {
  Plan plan;
  arrow::FieldVector fields;
  plan.own = own_columns(settings);
  if (input == nullptr) plan.own.insert(plan.own.begin(), kUrl);
  const RowColumns kinds(plan.own, arrow::default_memory_pool());
  std::vector<bool> placed(plan.own.size());
  for (int i = 0; input != nullptr && i < input->num_fields(); ++i) {
    const std::shared_ptr<arrow::Field>& field = input->field(i);
    const auto own = std::ranges::find(plan.own, field->name(), &RowColumn::name);
    if (own == plan.own.end()) {
      fields.push_back(field);
      plan.sources.push_back({.is_input = true, .index = i});
    } else if (field->name() == settings.hash_name) {
      const auto at = static_cast<std::size_t>(own - plan.own.begin());
      placed[at] = true;
      fields.push_back(kinds.field(at));
      plan.sources.push_back({.index = static_cast<int>(at)});
    } else {
      return std::unexpected(Error{
          .code = ErrorCode::bad_option,
          .detail = fmt::format("the list's column '{}' has the name of a column of the dataset; "
                                "leave it out of --save_additional_columns, or rename it",
                                field->name())});
    }
  }
  for (std::size_t i = 0; i < plan.own.size(); ++i) {
    if (placed[i]) continue;
    fields.push_back(kinds.field(i));
    plan.sources.push_back({.index = static_cast<int>(i)});
  }
  plan.schema = arrow::schema(std::move(fields));
  return plan;
}

// Parquet gets an array's dictionary whole: the shard's would be written again for each group.
// REQUIRES: each column is one chunk, or none.
arrow::Result<std::shared_ptr<arrow::Table>> with_own_dictionaries(
    std::shared_ptr<arrow::Table> table, arrow::MemoryPool* pool) {
  for (int i = 0; i < table->num_columns(); ++i) {
    const std::shared_ptr<arrow::ChunkedArray> column = table->column(i);
    if (column->type()->id() != arrow::Type::DICTIONARY || column->num_chunks() != 1) continue;
    const auto& all = static_cast<const arrow::DictionaryArray&>(*column->chunk(0));
    ARROW_ASSIGN_OR_RAISE(auto own, all.Compact(pool));
    ARROW_ASSIGN_OR_RAISE(
        table, table->SetColumn(i, table->field(i), std::make_shared<arrow::ChunkedArray>(own)));
  }
  return table;
}

class ShardTable final : public writers::TableWriter {
 public:
  ShardTable(Plan plan, std::shared_ptr<arrow::Table> input, writers::StatusStyle style,
             std::unique_ptr<ParquetFile> file, arrow::MemoryPool* pool)
      : schema_(std::move(plan.schema)),
        sources_(std::move(plan.sources)),
        own_(plan.own, pool),
        input_(std::move(input)),
        style_(style),
        file_(std::move(file)),
        pool_(pool) {}

  Result<> add(const Row& row, std::optional<std::span<const std::byte>> image) override {
    const writers::SampleStatus status = writers::sample_status(row.outcome, style_);
    // img2dataset says nothing more of a row that failed.
    const bool is_bare =
        style_ == writers::StatusStyle::img2dataset && row.outcome.status != ErrorCode::success;
    const Row bare = is_bare ? Row{.key = row.key, .url = row.url} : Row();
    RowFacts facts{.row = is_bare ? bare : row, .status = status};
    if (image) {
      facts.image = std::string_view(reinterpret_cast<const char*>(image->data()), image->size());
      group_image_bytes_ += image->size();
    }
    if (auto appended = own_.append(facts); !appended) return appended;
    ++group_rows_;
    const bool is_full = group_rows_ == kGroupRows || group_image_bytes_ >= kGroupImageBytes;
    return is_full ? write_group() : Result<>();
  }

  Result<FileFacts> finish() override {
    if (group_rows_ > 0) {
      if (auto written = write_group(); !written) return std::unexpected(written.error());
    }
    if (input_ != nullptr && input_->num_rows() != rows_written_) return wrong_count();
    return file_->finish();
  }

 private:
  std::unexpected<Error> wrong_count() const {
    return std::unexpected(Error{
        .code = ErrorCode::state_damaged,
        .detail = fmt::format("the columns of the shard's input have {} rows; {} were written",
                              input_->num_rows(), rows_written_)});
  }

  Result<> write_group() {
    auto own = own_.finish();
    if (!own) return std::unexpected(std::move(own).error());
    arrow::ChunkedArrayVector columns;
    for (const Source& source : sources_) {
      columns.push_back(source.is_input
                            ? input_->column(source.index)->Slice(rows_written_, group_rows_)
                            : std::make_shared<arrow::ChunkedArray>(
                                  (*own)[static_cast<std::size_t>(source.index)]));
    }
    if (input_ != nullptr && rows_written_ + group_rows_ > input_->num_rows()) {
      rows_written_ += group_rows_;
      return wrong_count();
    }
    // How the reader's batches happened to lie must not show in the bytes.
    auto table = arrow::Table::Make(schema_, std::move(columns), group_rows_)->CombineChunks(pool_);
    if (table.ok()) table = with_own_dictionaries(std::move(*table), pool_);
    if (!table.ok()) return failed(ErrorCode::output_unwritable, kDoing, table.status());
    rows_written_ += std::exchange(group_rows_, 0);
    group_image_bytes_ = 0;
    return file_->write_group(**table);
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<Source> sources_;
  RowColumns own_;
  const std::shared_ptr<arrow::Table> input_;  // nullptr where the list has no columns
  const writers::StatusStyle style_;
  const std::unique_ptr<ParquetFile> file_;
  arrow::MemoryPool* const pool_;  // not owned, outlives this
  std::int64_t rows_written_ = 0;
  std::int64_t group_rows_ = 0;
  std::uint64_t group_image_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<writers::TableWriter>> create_shard_table(
    WritableFile& file, std::string_view columns, const writers::TableSettings& settings,
    arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Table> input;
  if (!columns.empty()) {
    auto read = read_input_columns(columns, pool);
    if (!read) return std::unexpected(std::move(read).error());
    input = std::move(*read);
  }
  auto plan = make_plan(input != nullptr ? input->schema().get() : nullptr, settings);
  if (!plan) return std::unexpected(std::move(plan).error());
  auto parquet = ParquetFile::create(
      file, {.schema = plan->schema, .stored_column = settings.image_column, .pool = pool});
  if (!parquet) return std::unexpected(std::move(parquet).error());
  return std::make_unique<ShardTable>(std::move(*plan), std::move(input), settings.status_style,
                                      std::move(*parquet), pool);
}

}  // namespace pixhaul::arrow_io
