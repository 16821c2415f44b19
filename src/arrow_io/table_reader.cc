// Rows out of blocks. Blocks stay as Arrow made them: a row is a few views into their columns, and
// cut_columns() writes slices of them, so keeping a shard's columns costs no copy.
#include "arrow_io/table_reader.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "arrow_io/status.h"
#include "arrow_io/table_source.h"
#include "readers/counted_file.h"
#include "readers/json_text.h"

namespace pixhaul::arrow_io {

namespace {

using readers::InputFile;
using readers::TableSettings;

constexpr std::size_t kShownColumns = 12;

std::string shown_names(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShownColumns); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kShownColumns)
    text += fmt::format(" and {} more", names.size() - kShownColumns);
  return text;
}

bool equal_but_for_case(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : int{c}; };
    return lower(a) == lower(b);
  });
}

// The column that was probably meant, "" if nothing comes to mind.
std::string_view likely_name(std::string_view wanted, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (equal_but_for_case(name, wanted)) return name;
  }
  for (const std::string& name : names) {
    const auto at = std::ranges::search(
        name, wanted, [](char a, char b) { return equal_but_for_case({&a, 1}, {&b, 1}); });
    if (!at.empty()) return name;
  }
  return {};
}

class TableReader final : public readers::RowReader {
 public:
  /// `files`: null where the one table is a stream.
  TableReader(FileSystem* files, std::span<const InputFile> inputs, const TableSettings& settings,
              arrow::MemoryPool* pool)
      : files_(files),
        inputs_(inputs.begin(), inputs.end()),
        settings_(settings),
        plan_(make_column_plan(settings)),
        pool_(pool) {}

  Result<> open_first() {
    if (inputs_.empty()) return {};
    if (settings_.infer == TableSettings::Infer::all_rows) {
      if (Result<> inferred = infer_all(); !inferred) return inferred;
    }
    return open(inputs_.front());
  }

  Result<> open_stream(ArrowArrayStream& stream) {
    Result<std::unique_ptr<TableSource>> source = open_stream_table(stream, inputs_.front(), pool_);
    if (!source) return std::unexpected(std::move(source).error());
    Result<std::vector<std::string>> names = (*source)->column_names();
    if (!names) return std::unexpected(std::move(names).error());
    if (Result<> checked = check_names(inputs_.front(), *names); !checked) return checked;
    return begin(std::move(*source));
  }

  Result<bool> next(readers::RawRow& row) override {
    while (source_) {
      if (at_ < block_.lines.size()) {
        make_row(row);
        ++at_;
        return true;
      }
      keep_block();
      Result<bool> got = source_->next(block_);
      if (!got) source_.reset();
      if (!got) return got;
      if (*got) {
        begin_block();
        continue;
      }
      finished_bytes_ += input_bytes();
      source_.reset();
      if (++input_ == inputs_.size()) break;
      if (Result<> opened = open(inputs_[input_]); !opened) {
        return std::unexpected(std::move(opened).error());
      }
    }
    return false;
  }

  readers::ReadProgress progress() const override {
    readers::ReadProgress progress{.bytes_read = finished_bytes_};
    if (source_) {
      progress.bytes_read += static_cast<std::uint64_t>(static_cast<double>(input_bytes()) *
                                                        source_->share_returned());
    }
    if (input_ + 1 >= inputs_.size() && size_) progress.bytes_total = finished_sizes_ + *size_;
    return progress;
  }

  Result<std::string> cut_columns() override {
    keep_rows();
    auto stream = write_stream();
    kept_.clear();
    if (!stream.ok()) return std::unexpected(unreadable("the table", stream.status()));
    return *std::move(stream);
  }

 private:
  Result<std::unique_ptr<TableSource>> open_source(const InputFile& input) {
    Result<std::unique_ptr<ReadableFile>> file = files_->open_input(input.name);
    if (!file) return std::unexpected(std::move(file).error());
    if (size_) finished_sizes_ += *size_;
    size_ = (*file)->size();
    bytes_read_ = 0;
    auto counted = std::make_unique<readers::CountedFile>(std::move(*file), &bytes_read_);
    auto source = input.format == readers::ListFormat::parquet
                      ? open_parquet_table(std::move(counted), input, pool_)
                      : open_text_table(std::move(counted), input, pool_);
    if (!source) return source;
    Result<std::vector<std::string>> names = (*source)->column_names();
    if (!names) return std::unexpected(std::move(names).error());
    if (Result<> checked = check_names(input, *names); !checked) {
      return std::unexpected(std::move(checked).error());
    }
    return source;
  }

  Result<> open(const InputFile& input) {
    Result<std::unique_ptr<TableSource>> source = open_source(input);
    if (!source) return std::unexpected(std::move(source).error());
    return begin(std::move(*source));
  }

  Result<> begin(std::unique_ptr<TableSource> source) {
    Result<std::shared_ptr<arrow::Schema>> schema = source->infer(plan_);
    if (!schema) return std::unexpected(std::move(schema).error());
    if (!schema_) set_schema(std::move(*schema));
    if (Result<> used = source->use(schema_); !used) return used;
    source_ = std::move(source);
    return {};
  }

  // img2dataset's way: types that hold the rows of all files. Standard input can be read only once.
  Result<> infer_all() {
    std::shared_ptr<arrow::Schema> schema;
    for (const InputFile& input : inputs_) {
      if (input.name == "-") return {};
      Result<std::unique_ptr<TableSource>> source = open_source(input);
      if (!source) return std::unexpected(std::move(source).error());
      auto some = (*source)->infer(plan_);
      if (!some) return std::unexpected(std::move(some).error());
      auto all = (*source)->infer_all();
      if (!all) return std::unexpected(std::move(all).error());
      const bool by_text =
          input.format == readers::ListFormat::csv || input.format == readers::ListFormat::tsv;
      schema = schema ? merge_schemas(schema, *all, by_text) : std::move(*all);
    }
    size_.reset();
    finished_sizes_ = 0;
    set_schema(std::move(schema));
    return {};
  }

  void set_schema(std::shared_ptr<arrow::Schema> schema) {
    schema_ = std::move(schema);
    arrow::FieldVector fields;
    for (const ColumnPlan::Output& output : plan_.outputs) {
      fields.push_back(
          arrow::field(output.name, schema_->field(static_cast<int>(output.source))->type()));
    }
    output_schema_ = arrow::schema(std::move(fields));
  }

  Result<> check_names(const InputFile& input, const std::vector<std::string>& names) const {
    for (const readers::ChosenColumn& source : plan_.sources) {
      const auto count = std::ranges::count(names, source.name);
      if (count == 1) continue;
      const std::string_view meant = likely_name(source.name, names);
      std::string detail;
      if (count > 1) {
        detail = fmt::format("{} has {} columns '{}'; rename all but one", input.name, count,
                             source.name);
      } else if (names.empty()) {
        return {};  // no row, so no member of one
      } else {
        detail = fmt::format("{} has no column '{}'; it has {}.", input.name, source.name,
                             shown_names(names));
        if (!meant.empty()) detail += fmt::format(" Try {} {}", option_of(source.name), meant);
        if (meant.empty()) detail += fmt::format(" Name it with {}", option_of(source.name));
      }
      return std::unexpected(
          Error{.code = ErrorCode::input_unreadable, .detail = std::move(detail)});
    }
    return {};
  }

  std::string_view option_of(std::string_view column) const {
    if (column == settings_.url_column) return "--url_col";
    if (column == settings_.caption_column) return "--caption_col";
    if (column == settings_.box_column) return "--bbox_col";
    if (settings_.verify && column == settings_.verify->column) return "--verify_hash";
    return "--save_additional_columns";
  }

  std::uint64_t input_bytes() const { return size_.value_or(bytes_read_); }

  void begin_block() {
    at_ = kept_to_ = next_problem_ = 0;
    urls_ = text_column(0);
    verify_ = plan_.verify ? text_column(*plan_.verify) : nullptr;
    boxes_ = plan_.boxes ? block_.columns->column(static_cast<int>(*plan_.boxes)) : nullptr;
  }

  const arrow::StringArray* text_column(std::size_t source) const {
    return static_cast<const arrow::StringArray*>(
        block_.columns->column(static_cast<int>(source)).get());
  }

  void make_row(readers::RawRow& row) {
    const auto index = static_cast<std::int64_t>(at_);
    row = {.text = urls_->IsNull(index) ? std::string_view() : urls_->GetView(index),
           .input = inputs_[input_].name,
           .line = block_.lines[at_]};
    if (next_problem_ < block_.problems.size() && block_.problems[next_problem_].row == at_) {
      row.problem = block_.problems[next_problem_++].text;
      return;
    }
    if (row.text.empty()) return spoil(row, "has no URL");
    if (row.text.size() > readers::kMaxRecordBytes) {
      row.text = row.text.substr(0, 200);
      return spoil(row, "has a URL longer than 1 MiB");
    }
    if (verify_ != nullptr && verify_->IsValid(index)) row.verify_hash = verify_->GetView(index);
    if (!boxes_ || boxes_->IsNull(index)) return;
    if (!take_boxes(index)) return spoil(row, "holds no boxes [[x0,y0,x1,y1],…] in its box column");
    row.boxes = row_boxes_;
  }

  void spoil(readers::RawRow& row, std::string_view why) {
    const readers::ListFormat format = inputs_[input_].format;
    const bool by_row =
        format == readers::ListFormat::parquet || format == readers::ListFormat::json;
    problem_ = fmt::format("{} {} {}", by_row ? "row" : "line", row.line, why);
    row.problem = problem_;
  }

  bool take_boxes(std::int64_t index) {
    row_boxes_.clear();
    if (boxes_->type_id() == arrow::Type::STRING) {
      return parse_boxes(static_cast<const arrow::StringArray&>(*boxes_).GetView(index),
                         row_boxes_);
    }
    const auto& rows = static_cast<const arrow::ListArray&>(*boxes_);
    const auto& lists = static_cast<const arrow::ListArray&>(*rows.values());
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*lists.values());
    for (std::int64_t i = rows.value_offset(index); i < rows.value_offset(index + 1); ++i) {
      if (lists.IsNull(i) || lists.value_length(i) != 4) return false;
      const std::int64_t at = lists.value_offset(i);
      for (std::int64_t k = at; k < at + 4; ++k) {
        if (numbers.IsNull(k) || !std::isfinite(numbers.Value(k))) return false;
      }
      row_boxes_.push_back({.left = numbers.Value(at),
                            .top = numbers.Value(at + 1),
                            .right = numbers.Value(at + 2),
                            .bottom = numbers.Value(at + 3)});
    }
    return true;
  }

  void keep_block() {
    keep_rows();
    block_.lines.clear();
    at_ = kept_to_ = 0;
  }

  // The rows returned since the last time.
  void keep_rows() {
    if (kept_to_ == at_ || settings_.columns == TableSettings::Columns::drop) {
      kept_to_ = at_;
      return;
    }
    arrow::ArrayVector columns;
    for (const ColumnPlan::Output& output : plan_.outputs) {
      columns.push_back(block_.columns->column(static_cast<int>(output.source))
                            ->Slice(static_cast<std::int64_t>(kept_to_),
                                    static_cast<std::int64_t>(at_ - kept_to_)));
    }
    kept_.push_back(arrow::RecordBatch::Make(
        output_schema_, static_cast<std::int64_t>(at_ - kept_to_), std::move(columns)));
    kept_to_ = at_;
  }

  arrow::Result<std::string> write_stream() const {
    if (!output_schema_) return std::string();
    ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create(4096, pool_));
    ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, output_schema_));
    for (const auto& batch : kept_) ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
    ARROW_RETURN_NOT_OK(writer->Close());
    ARROW_ASSIGN_OR_RAISE(auto buffer, sink->Finish());
    return buffer->ToString();
  }

  FileSystem* const files_;
  const std::vector<InputFile> inputs_;
  const TableSettings settings_;
  const ColumnPlan plan_;
  arrow::MemoryPool* const pool_;                 // not owned, outlives this
  std::shared_ptr<arrow::Schema> schema_;         // of blocks
  std::shared_ptr<arrow::Schema> output_schema_;  // of cut_columns()
  std::unique_ptr<TableSource> source_;           // of inputs_[input_]; null at the end
  std::size_t input_ = 0;
  TableBlock block_;
  std::size_t at_ = 0;       // the next row of block_
  std::size_t kept_to_ = 0;  // rows before it are in kept_ or were cut
  std::size_t next_problem_ = 0;
  const arrow::StringArray* urls_ = nullptr;    // of block_
  const arrow::StringArray* verify_ = nullptr;  // of block_
  std::shared_ptr<arrow::Array> boxes_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> kept_;
  std::string problem_;
  std::vector<readers::Box> row_boxes_;
  std::uint64_t bytes_read_ = 0;
  std::optional<std::uint64_t> size_{};  // of the input under way
  std::uint64_t finished_bytes_ = 0;
  std::uint64_t finished_sizes_ = 0;
};

bool take_number(readers::JsonText& json, double& number) {
  std::string_view text;
  if (!json.take_value(text)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
}

}  // namespace

Result<std::unique_ptr<readers::RowReader>> open_table_reader(FileSystem& files,
                                                              std::span<const InputFile> inputs,
                                                              const TableSettings& settings,
                                                              arrow::MemoryPool* pool) {
  auto reader = std::make_unique<TableReader>(&files, inputs, settings, pool);
  if (Result<> opened = reader->open_first(); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return reader;
}

Result<std::unique_ptr<readers::RowReader>> open_stream_reader(ArrowArrayStream& stream,
                                                               std::string_view name,
                                                               const TableSettings& settings,
                                                               arrow::MemoryPool* pool) {
  // By rows rather than lines, as parquet.
  const InputFile input{.name = std::string(name), .format = readers::ListFormat::parquet};
  auto reader = std::make_unique<TableReader>(nullptr, std::span(&input, 1), settings, pool);
  if (Result<> opened = reader->open_stream(stream); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return reader;
}

bool parse_boxes(std::string_view text, std::vector<readers::Box>& boxes) {
  readers::JsonText json(text);
  if (!json.take('[')) return text.empty();
  for (bool first = true; !json.take(']'); first = false) {
    readers::Box box;
    if (!first && !json.take(',')) return false;
    const bool whole = json.take('[') && take_number(json, box.left) && json.take(',') &&
                       take_number(json, box.top) && json.take(',') &&
                       take_number(json, box.right) && json.take(',') &&
                       take_number(json, box.bottom) && json.take(']');
    if (!whole) return false;
    boxes.push_back(box);
  }
  return json.at_end();
}

}  // namespace pixhaul::arrow_io
