#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "readers/json_text.h"
#include "readers/records.h"
#include "readers/text_source.h"

namespace pixhaul::readers {

/// Cuts JSON rows down to the chosen members. What JsonLines and JsonArray have in common.
class JsonMembers {
 public:
  void choose(std::span<const ChosenColumn> columns);
  /// `row` as an object of the chosen members and a line end; an absent member is left out. False
  /// if it is none: problem() then says why, without the row's name.
  [[nodiscard]] bool cut(std::string_view row, std::string& cut);
  [[nodiscard]] std::string_view problem() const { return problem_; }
  /// The first chosen column's text in the row cut last, whether it was one or not; "" if it was
  /// not met.
  [[nodiscard]] std::string shown() const;

 private:
  bool take_member(std::string_view key, std::string_view value);
  bool append(std::size_t column, std::string& cut);
  bool fail(std::string_view why);

  std::vector<ChosenColumn> columns_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string_view> values_;  // of the row, by chosen column; "" if absent
  std::string problem_;
};

/// A row a line, each a JSON object. Blank lines are skipped.
class JsonLines final : public RecordReader {
 public:
  /// `name`: for messages; outlives this.
  JsonLines(std::unique_ptr<ReadableFile> file, std::string_view name)
      : source_(std::move(file)), name_(name) {}

  [[nodiscard]] Result<std::vector<std::string>> column_names() override;
  void choose(std::span<const ChosenColumn> columns) override { members_.choose(columns); }
  [[nodiscard]] Result<bool> next(Record& record) override;
  [[nodiscard]] double share_returned() const override { return source_.share_dropped(); }

 private:
  enum class Found : std::uint8_t { line, too_long, none };
  Result<Found> find_line(std::string_view& line);
  Result<Found> skip_line(std::string_view& line);

  TextSource source_;
  std::string_view name_;
  JsonMembers members_;
  std::uint64_t line_ = 0;   // of the line found last
  std::size_t dropped_ = 0;  // bytes of that line, to be dropped before the next
  bool at_end_ = false;
  std::string cut_;
  std::string problem_;
  std::string shown_;
};

/// One JSON document that is an array of objects, `[{"url":"…"},…]`, read element by element.
/// What is no array or ends early is an error; an element that is no object is a row with a
/// problem, as is one that is too long.
class JsonArray final : public RecordReader {
 public:
  /// `name`: for messages; outlives this.
  JsonArray(TextSource source, std::string_view name) : source_(std::move(source)), name_(name) {}

  [[nodiscard]] Result<std::vector<std::string>> column_names() override;
  void choose(std::span<const ChosenColumn> columns) override { members_.choose(columns); }
  [[nodiscard]] Result<bool> next(Record& record) override;
  [[nodiscard]] double share_returned() const override { return source_.share_dropped(); }

 private:
  enum class Found : std::uint8_t { element, too_long, none };
  Result<> begin();
  Result<Found> find_element(std::string_view& element);
  Error broken(std::string_view why) const;

  TextSource source_;
  std::string_view name_;
  JsonMembers members_;
  std::uint64_t row_ = 0;
  std::size_t dropped_ = 0;
  bool done_ = false;
  std::string cut_;
  std::string problem_;
  std::string shown_;
};

/// One JSON document that is an object of columns, `{"url":{"0":"…","1":"…"},…}` as pandas writes
/// it, or with arrays for columns. Columns stand behind each other, so the whole document is kept:
/// up to kMaxJsonColumnsBytes, above which it is an error that names the way out.
class JsonColumns final : public RecordReader {
 public:
  static constexpr std::size_t kMaxJsonColumnsBytes = 256u << 20;

  /// `name`: for messages; outlives this.
  JsonColumns(TextSource source, std::string_view name) : source_(std::move(source)), name_(name) {}

  [[nodiscard]] Result<std::vector<std::string>> column_names() override;
  void choose(std::span<const ChosenColumn> columns) override;
  [[nodiscard]] Result<bool> next(Record& record) override;
  [[nodiscard]] double share_returned() const override;

 private:
  struct Column {
    std::string name{};
    std::string_view key{};     // the name as it stands there
    std::string_view values{};  // an object or an array
  };
  struct Cursor {
    std::string_view key{};
    JsonText values{""};
    bool is_object = false;
  };
  enum class Taken : std::uint8_t { value, end, broken };
  static Taken take_next(Cursor& cursor, bool first, std::string_view& row_name,
                         std::string_view& value);

  TextSource source_;
  std::string_view name_;
  std::vector<Column> columns_;
  std::vector<Cursor> cursors_;  // of the chosen columns
  JsonMembers members_;
  std::uint64_t row_ = 0;
  bool done_ = false;
  std::string object_;
  std::string cut_;
  std::string problem_;
  std::string shown_;
};

/// JsonArray or JsonColumns, by the document's first bracket. Errors: input_unreadable.
[[nodiscard]] Result<std::unique_ptr<RecordReader>> open_json_document(
    std::unique_ptr<ReadableFile> file, std::string_view name);

}  // namespace pixhaul::readers
