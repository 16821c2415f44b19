#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "readers/json_records.h"

namespace pixhaul::readers {

namespace {

Error unreadable(std::string_view name, std::string_view why) {
  return Error{.code = ErrorCode::input_unreadable,
               .detail = fmt::format("cannot read '{}': {}", name, why)};
}

}  // namespace

Result<std::vector<std::string>> JsonColumns::column_names() {
  for (;;) {
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) break;
    if (source_.unread().size() <= kMaxJsonColumnsBytes) continue;
    return std::unexpected(unreadable(
        name_, "an object of columns above 256 MiB; write it as JSON lines, a row a line"));
  }
  std::vector<std::string> names;
  JsonText document(source_.unread());
  bool whole = document.take('{');
  for (bool first = true; whole && !document.take('}'); first = false) {
    Column column;
    whole = (first || document.take(',')) && document.take_string(column.key) &&
            document.take(':') && document.take_value(column.values);
    if (!whole) break;
    column.name = json_string_value(column.key);
    names.push_back(column.name);
    columns_.push_back(std::move(column));
  }
  if (!whole) return std::unexpected(unreadable(name_, "it is no whole JSON document"));
  const auto is_column = [](const Column& column) {
    return column.values.starts_with('{') || column.values.starts_with('[');
  };
  if (!document.at_end() || !std::ranges::all_of(columns_, is_column)) {
    return std::unexpected(
        unreadable(name_,
                   "it is neither an array of objects nor an object of columns; if it has a row a "
                   "line, say --input_format jsonl"));
  }
  return names;
}

void JsonColumns::choose(std::span<const ChosenColumn> columns) {
  members_.choose(columns);
  for (const ChosenColumn& chosen : columns) {
    const auto at = std::ranges::find(columns_, chosen.name, &Column::name);
    Cursor cursor{.key = at->key, .values = JsonText(at->values)};
    cursor.is_object = cursor.values.take('{');
    if (!cursor.is_object) std::ignore = cursor.values.take('[');
    cursors_.push_back(cursor);
  }
}

Result<bool> JsonColumns::next(Record& record) {
  if (done_) return false;
  object_ = "{";
  std::string_view row_name;
  for (std::size_t i = 0; i < cursors_.size(); ++i) {
    std::string_view own_name;
    std::string_view value;
    const Taken taken = take_next(cursors_[i], row_ == 0, own_name, value);
    if (i == 0) row_name = own_name;
    if (i == 0) done_ = taken == Taken::end;
    if (done_ && taken == Taken::end) continue;
    if (done_ || taken != Taken::value || own_name != row_name) {
      done_ = true;
      return std::unexpected(unreadable(
          name_, fmt::format("its columns do not have the same rows from row {} on; write it as "
                             "JSON lines, a row a line",
                             row_ + 1)));
    }
    object_ += fmt::format("{}{}:{}", i == 0 ? "" : ",", cursors_[i].key, value);
  }
  if (done_) return false;
  object_ += '}';
  record = {.line = ++row_};
  if (object_.size() <= kMaxRecordBytes && members_.cut(object_, cut_)) {
    record.text = cut_;
    return true;
  }
  const bool too_long = object_.size() > kMaxRecordBytes;
  problem_ = too_long ? fmt::format("row {} is longer than 1 MiB", row_)
                      : fmt::format("row {} {}", row_, members_.problem());
  shown_ = too_long ? std::string() : members_.shown();
  record.problem = problem_;
  record.shown = shown_;
  return true;
}

double JsonColumns::share_returned() const {
  if (cursors_.empty() || columns_.empty()) return 0;
  const auto size = std::ranges::find(columns_, cursors_.front().key, &Column::key)->values.size();
  return static_cast<double>(cursors_.front().values.position()) / static_cast<double>(size);
}

JsonColumns::Taken JsonColumns::take_next(Cursor& cursor, bool first, std::string_view& row_name,
                                          std::string_view& value) {
  if (cursor.values.take(cursor.is_object ? '}' : ']')) return Taken::end;
  if (!first && !cursor.values.take(',')) return Taken::broken;
  if (cursor.is_object && (!cursor.values.take_string(row_name) || !cursor.values.take(':'))) {
    return Taken::broken;
  }
  return cursor.values.take_value(value) ? Taken::value : Taken::broken;
}

Result<std::unique_ptr<RecordReader>> open_json_document(std::unique_ptr<ReadableFile> file,
                                                         std::string_view name) {
  TextSource source(std::move(file));
  std::size_t at = std::string_view::npos;
  for (bool ended = false; at == std::string_view::npos && !ended;) {
    Result<bool> more = source.more();
    if (!more) return std::unexpected(std::move(more).error());
    ended = !*more;
    at = source.unread().find_first_not_of(" \t\r\n");
    if (at == std::string_view::npos) source.drop(source.unread().size());
  }
  if (at != std::string_view::npos && source.unread()[at] == '{') {
    return std::make_unique<JsonColumns>(std::move(source), name);
  }
  return std::make_unique<JsonArray>(std::move(source), name);
}

}  // namespace pixhaul::readers
