// CSV, TSV and JSON. readers/ has cut the rows and narrowed them to the chosen columns; Arrow gets
// blocks of whole rows and gives types to their values. A block that it refuses is halved until the
// rows that are to blame stand alone: log2(4096) = 12 more looks for one bad row in a block.
#include <arrow/api.h>
#include <arrow/csv/api.h>
#include <arrow/csv/converter.h>
#include <arrow/csv/parser.h>
#include <arrow/io/memory.h>
#include <arrow/json/api.h>
#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "arrow_io/status.h"
#include "arrow_io/table_source.h"
#include "readers/csv_records.h"
#include "readers/json_records.h"

namespace pixhaul::arrow_io {

namespace {

using readers::ColumnKind;
using readers::ListFormat;
using Batch = std::shared_ptr<arrow::RecordBatch>;
using Schema = std::shared_ptr<arrow::Schema>;

constexpr std::size_t kBlockRows = 4096;
constexpr std::size_t kBlockBytes = 1u << 20;

// What gives types to rows of one format. Rows are whole lines.
class Format {
 public:
  virtual ~Format() = default;
  /// Types of the columns, of those that `known` does not name by what the rows hold.
  virtual arrow::Result<Schema> infer(std::string_view rows, const Schema& known) = 0;
  virtual arrow::Status use(const Schema& schema) = 0;
  virtual arrow::Result<Batch> convert(std::string_view rows, std::size_t count) = 0;
};

class CsvFormat final : public Format {
 public:
  CsvFormat(char delimiter, std::size_t columns, arrow::MemoryPool* pool)
      : columns_(columns), pool_(pool) {
    parse_.delimiter = delimiter;
    parse_.newlines_in_values = true;
    parse_.ignore_empty_lines = false;  // one empty field
    for (std::size_t i = 0; i < columns; ++i) read_.column_names.push_back(std::to_string(i));
    read_.use_threads = false;
  }

  arrow::Result<Schema> infer(std::string_view rows, const Schema& known) override {
    read_.block_size = static_cast<std::int32_t>(rows.size()) + 1;
    arrow::csv::ConvertOptions convert = convert_;
    for (const auto& field : known->fields()) convert.column_types[field->name()] = field->type();
    auto input =
        std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::string(rows)));
    ARROW_ASSIGN_OR_RAISE(
        auto reader,
        arrow::csv::TableReader::Make(arrow::io::IOContext(pool_), input, read_, parse_, convert));
    ARROW_ASSIGN_OR_RAISE(auto table, reader->Read());
    return table->schema();
  }

  arrow::Status use(const Schema& schema) override {
    schema_ = schema;
    converters_.clear();
    for (const auto& field : schema->fields()) {
      ARROW_ASSIGN_OR_RAISE(auto converter,
                            arrow::csv::Converter::Make(field->type(), convert_, pool_));
      converters_.push_back(std::move(converter));
    }
    return arrow::Status::OK();
  }

  arrow::Result<Batch> convert(std::string_view rows, std::size_t count) override {
    arrow::csv::BlockParser parser(pool_, parse_, static_cast<std::int32_t>(columns_), -1,
                                   static_cast<std::int32_t>(count));
    std::uint32_t parsed = 0;
    ARROW_RETURN_NOT_OK(parser.Parse(rows, &parsed));
    if (parsed != rows.size() || parser.num_rows() != static_cast<std::int32_t>(count)) {
      return arrow::Status::Invalid("it is not one row");
    }
    arrow::ArrayVector columns;
    for (std::size_t i = 0; i < columns_; ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            converters_[i]->Convert(parser, static_cast<std::int32_t>(i)));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, static_cast<std::int64_t>(count), std::move(columns));
  }

 private:
  const std::size_t columns_;
  arrow::MemoryPool* const pool_;  // not owned, outlives this
  arrow::csv::ReadOptions read_ = arrow::csv::ReadOptions::Defaults();
  arrow::csv::ParseOptions parse_ = arrow::csv::ParseOptions::Defaults();
  const arrow::csv::ConvertOptions convert_ = arrow::csv::ConvertOptions::Defaults();
  std::vector<std::shared_ptr<arrow::csv::Converter>> converters_;  // refer to convert_
  Schema schema_;
};

class JsonFormat final : public Format {
 public:
  explicit JsonFormat(std::size_t columns) : columns_(columns) {}

  arrow::Result<Schema> infer(std::string_view rows, const Schema& known) override {
    arrow::json::ParseOptions options = arrow::json::ParseOptions::Defaults();
    options.explicit_schema = known;
    ARROW_ASSIGN_OR_RAISE(Batch batch, arrow::json::ParseOne(options, buffer(rows)));
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < columns_; ++i) {
      const std::string name = std::to_string(i);
      const auto field = batch->schema()->GetFieldByName(name);
      fields.push_back(field ? arrow::field(name, field->type())
                             : arrow::field(name, arrow::null()));
    }
    return arrow::schema(std::move(fields));
  }

  arrow::Status use(const Schema& schema) override {
    options_.explicit_schema = schema;
    options_.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Ignore;
    return arrow::Status::OK();
  }

  arrow::Result<Batch> convert(std::string_view rows, std::size_t count) override {
    ARROW_ASSIGN_OR_RAISE(Batch batch, arrow::json::ParseOne(options_, buffer(rows)));
    if (batch->num_rows() != static_cast<std::int64_t>(count)) {
      return arrow::Status::Invalid("it is not one row");
    }
    return batch;
  }

 private:
  static std::shared_ptr<arrow::Buffer> buffer(std::string_view rows) {
    return arrow::Buffer::FromString(std::string(rows));
  }

  const std::size_t columns_;
  arrow::json::ParseOptions options_ = arrow::json::ParseOptions::Defaults();
};

// A column without a value anywhere is taken for text.
std::shared_ptr<arrow::DataType> without_nulls(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::NA) return arrow::utf8();
  if (type->id() == arrow::Type::LIST) return arrow::list(without_nulls(type->field(0)->type()));
  if (type->id() != arrow::Type::STRUCT) return type;
  arrow::FieldVector fields;
  for (const auto& field : type->fields()) {
    fields.push_back(arrow::field(field->name(), without_nulls(field->type())));
  }
  return arrow::struct_(fields);
}

class TextTable final : public TableSource {
 public:
  TextTable(std::unique_ptr<readers::RecordReader> records, const readers::InputFile& input,
            arrow::MemoryPool* pool)
      : records_(std::move(records)), input_(input), pool_(pool) {}

  Result<std::vector<std::string>> column_names() override { return records_->column_names(); }

  Result<Schema> infer(const ColumnPlan& plan) override {
    plan_ = &plan;
    records_->choose(plan.sources);
    const std::size_t columns = plan.sources.size();
    if (is_json()) {
      format_ = std::make_unique<JsonFormat>(columns);
    } else {
      format_ = std::make_unique<CsvFormat>(input_.format == ListFormat::tsv ? '\t' : ',', columns,
                                            pool_);
    }
    if (Result<> filled = fill(); !filled) return std::unexpected(std::move(filled).error());
    return finished(infer_rows(0, ends_.size()));
  }

  Result<Schema> infer_all() override {
    Schema schema = infer_rows(0, ends_.size());
    while (!at_end_) {
      if (Result<> filled = fill(); !filled) return std::unexpected(std::move(filled).error());
      schema = merge_schemas(schema, infer_rows(0, ends_.size()), !is_json());
    }
    return finished(schema);
  }

  Result<> use(Schema schema) override {
    schema_ = std::move(schema);
    arrow::FieldVector fields;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      fields.push_back(arrow::field(std::to_string(i), schema_->field(i)->type()));
    }
    const arrow::Status used = format_->use(arrow::schema(std::move(fields)));
    if (used.ok()) return {};
    return std::unexpected(unreadable(
        input_.name, fmt::format("the first table's columns have types that this one cannot "
                                 "hold ({}); read them in two runs",
                                 words(used))));
  }

  Result<bool> next(TableBlock& block) override {
    if (lines_.empty()) {
      if (at_end_) return false;
      if (Result<> filled = fill(); !filled) return std::unexpected(std::move(filled).error());
      if (lines_.empty()) return false;
    }
    std::vector<Batch> pieces;
    convert_rows(0, ends_.size(), pieces);
    std::ranges::sort(bad_, {}, &Bad::row);
    block.problems.clear();
    std::vector<std::uint64_t> rows;
    std::vector<std::string> shown;
    for (Bad& bad : bad_) {
      rows.push_back(bad.row);
      shown.push_back(std::move(bad.shown));
      block.problems.push_back({.row = bad.row, .text = std::move(bad.problem)});
    }
    auto columns = fill_gaps(pieces, schema_, rows, shown, pool_);
    if (!columns) return std::unexpected(std::move(columns).error());
    block.columns = std::move(*columns);
    block.lines = std::exchange(lines_, {});
    clear();
    return true;
  }

  double share_returned() const override { return records_->share_returned(); }

 private:
  struct Bad {
    std::uint64_t row = 0;  // in the block
    std::string problem{};
    std::string shown{};
  };

  bool is_json() const {
    return input_.format == ListFormat::json || input_.format == ListFormat::jsonl;
  }

  void clear() {
    text_.clear();
    ends_.clear();
    rows_.clear();
    lines_.clear();
    bad_.clear();
  }

  // The next block's rows, good ones into text_. An error comes behind the rows before it.
  Result<> fill() {
    clear();
    if (failure_) {
      at_end_ = true;
      return std::unexpected(std::move(*failure_));
    }
    readers::Record record;
    while (lines_.size() < kBlockRows && text_.size() < kBlockBytes) {
      Result<bool> got = records_->next(record);
      if (!got && lines_.empty()) {
        at_end_ = true;
        return std::unexpected(std::move(got).error());
      }
      if (!got) {
        failure_ = std::move(got).error();
        return {};
      }
      if (!*got) {
        at_end_ = true;
        return {};
      }
      const std::uint64_t row = lines_.size();
      lines_.push_back(record.line);
      if (!record.problem.empty()) {
        bad_.push_back({.row = row,
                        .problem = std::string(record.problem),
                        .shown = std::string(record.shown)});
        continue;
      }
      text_ += record.text;
      ends_.push_back(text_.size());
      rows_.push_back(row);
    }
    return {};
  }

  // Good rows [begin, end) as text.
  std::string_view text(std::size_t begin, std::size_t end) const {
    const std::size_t from = begin == 0 ? 0 : ends_[begin - 1];
    return std::string_view(text_).substr(from, (end == 0 ? 0 : ends_[end - 1]) - from);
  }

  // The columns that are strings whatever they look like.
  Schema known_columns() const {
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < plan_->sources.size(); ++i) {
      const bool is_text =
          plan_->sources[i].kind == ColumnKind::text || (!is_json() && plan_->boxes == i);
      if (is_text) fields.push_back(arrow::field(std::to_string(i), arrow::utf8()));
    }
    return arrow::schema(std::move(fields));
  }

  // Types that hold the good rows [begin, end); rows that contradict the others have no say.
  Schema infer_rows(std::size_t begin, std::size_t end) {
    if (begin < end) {
      arrow::Result<Schema> schema = format_->infer(text(begin, end), known_columns());
      if (schema.ok()) return *schema;
    }
    if (end - begin <= 1) {
      arrow::FieldVector fields;
      for (std::size_t i = 0; i < plan_->sources.size(); ++i) {
        fields.push_back(arrow::field(std::to_string(i), arrow::null()));
      }
      return arrow::schema(std::move(fields));
    }
    const std::size_t middle = begin + (end - begin) / 2;
    return merge_schemas(infer_rows(begin, middle), infer_rows(middle, end), !is_json());
  }

  // With the columns' own names, and types that no later row can contradict needlessly.
  Schema finished(const Schema& schema) const {
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < plan_->sources.size(); ++i) {
      std::shared_ptr<arrow::DataType> type =
          without_nulls(schema->field(static_cast<int>(i))->type());
      if (plan_->sources[i].kind == ColumnKind::text) type = arrow::utf8();
      if (plan_->boxes == i && type->id() == arrow::Type::LIST) {
        type = arrow::list(arrow::list(arrow::float64()));
      }
      fields.push_back(arrow::field(plan_->sources[i].name, std::move(type)));
    }
    return arrow::schema(std::move(fields));
  }

  void convert_rows(std::size_t begin, std::size_t end, std::vector<Batch>& pieces) {
    if (begin == end) return;
    arrow::Result<Batch> batch = format_->convert(text(begin, end), end - begin);
    if (batch.ok()) {
      pieces.push_back((*batch)->ReplaceSchema(schema_).ValueOr(*batch));
      return;
    }
    if (end - begin == 1) {
      const std::uint64_t row = rows_[begin];
      bad_.push_back({.row = row,
                      .problem = fmt::format("{} {}: {}", is_document() ? "row" : "line",
                                             lines_[row], words(batch.status()))});
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    convert_rows(begin, middle, pieces);
    convert_rows(middle, end, pieces);
  }

  bool is_document() const { return input_.format == ListFormat::json; }

  std::unique_ptr<readers::RecordReader> records_;
  const readers::InputFile& input_;
  arrow::MemoryPool* const pool_;     // not owned, outlives this
  const ColumnPlan* plan_ = nullptr;  // not owned; outlives this
  std::unique_ptr<Format> format_;
  Schema schema_;
  // The block that is to be returned next.
  std::string text_;                  // its good rows
  std::vector<std::size_t> ends_;     // of each in text_
  std::vector<std::uint64_t> rows_;   // where each stands in the block
  std::vector<std::uint64_t> lines_;  // of all rows, bad ones too
  std::vector<Bad> bad_;
  std::optional<Error> failure_;  // comes when the block was returned
  bool at_end_ = false;
};

}  // namespace

Result<std::unique_ptr<TableSource>> open_text_table(std::unique_ptr<ReadableFile> file,
                                                     const readers::InputFile& input,
                                                     arrow::MemoryPool* pool) {
  std::unique_ptr<ReadableFile> text = readers::make_decompressed(std::move(file), input);
  std::unique_ptr<readers::RecordReader> records;
  switch (input.format) {
    case ListFormat::json: {
      auto document = readers::open_json_document(std::move(text), input.name);
      if (!document) return std::unexpected(std::move(document).error());
      records = std::move(*document);
      break;
    }
    case ListFormat::jsonl:
      records = std::make_unique<readers::JsonLines>(std::move(text), input.name);
      break;
    default:
      records = std::make_unique<readers::CsvRecords>(std::move(text), input.name,
                                                      input.format == ListFormat::tsv ? '\t' : ',');
  }
  return std::make_unique<TextTable>(std::move(records), input, pool);
}

}  // namespace pixhaul::arrow_io
