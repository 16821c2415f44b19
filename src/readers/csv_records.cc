// A machine of four states goes over the text once; what it knows of the row it is in survives a
// refill, so a pipe that delivers byte by byte costs no second look. The fields are not unescaped:
// the chosen ones are copied as they stand into a narrower row, which has its quotes and says the
// same to any CSV parser. So a table of 10^5 columns costs no more than its bytes.
#include "readers/csv_records.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pixhaul::readers {

namespace {

constexpr std::size_t kShownBytes = 200;  // of a row that is none

bool is_blank(std::string_view row) { return row.find_first_not_of(" \t") == row.npos; }

// A field's value: without its quotes, two quotes inside them being one.
std::string unquote(std::string_view field) {
  if (!field.starts_with('"')) return std::string(field);
  std::string value;
  std::size_t at = 1;
  for (; at < field.size(); ++at) {
    if (field[at] == '"') {
      if (at + 1 >= field.size() || field[at + 1] != '"') break;
      ++at;
    }
    value += field[at];
  }
  if (at < field.size()) value += field.substr(at + 1);
  return value;
}

}  // namespace

Result<std::vector<std::string>> CsvRecords::column_names() {
  Result<Found> found = find_row();
  while (found && *found == Found::blank) found = find_row();
  if (!found) return std::unexpected(std::move(found).error());
  if (*found != Found::row) {
    const std::string_view why = *found == Found::none ? "it is empty" : "its first row has no end";
    return std::unexpected(
        Error{.code = ErrorCode::input_unreadable,
              .detail = fmt::format("cannot read '{}': {}; its first row has to name its columns",
                                    name_, why)});
  }
  for (std::size_t i = 0; i < field_ends_.size(); ++i) header_.push_back(unquote(field(i)));
  return header_;
}

void CsvRecords::choose(std::span<const ChosenColumn> columns) {
  for (const ChosenColumn& column : columns) {
    const auto at = std::ranges::find(header_, column.name);
    chosen_.push_back(static_cast<std::size_t>(at - header_.begin()));
  }
}

Result<bool> CsvRecords::next(Record& record) {
  Result<Found> found = find_row();
  while (found && *found == Found::blank) found = find_row();
  if (!found) return std::unexpected(std::move(found).error());
  if (*found == Found::none) return false;
  problem_.clear();
  if (*found == Found::too_long) problem_ = fmt::format("line {} is longer than 1 MiB", row_line_);
  if (*found == Found::open_quote) {
    problem_ = fmt::format("line {}: a quote is not closed", row_line_);
  }
  if (*found == Found::row) check_row();
  record = {.line = row_line_, .problem = problem_};
  if (problem_.empty()) {
    cut_row();
    record.text = cut_;
  } else {
    record.shown = shown_;
  }
  return true;
}

// The next row, in row_ and field_ends_. What a quote that is never closed has swallowed is given
// back but for its first line: the lines behind it are most likely whole.
Result<CsvRecords::Found> CsvRecords::find_row() {
  source_.drop(std::exchange(dropped_, 0));
  state_ = State::field_start;
  at_ = 0;
  field_ends_.clear();
  for (;;) {
    std::string_view text = source_.unread();
    if (skips_line_feed_ && !text.empty()) {
      skips_line_feed_ = false;
      if (text.front() == '\n') source_.drop(1);
      text = source_.unread();
    }
    const bool ended = scan(text);
    if (ended && at_ <= kMaxRecordBytes) return finish_row(text);
    if (at_ > kMaxRecordBytes) {
      return skip_line(state_ == State::quoted ? Found::open_quote : Found::too_long);
    }
    Result<bool> more = at_end_ ? false : source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    at_end_ = !*more;
    if (!at_end_) continue;
    if (source_.unread().empty()) return Found::none;
    if (state_ == State::quoted) return skip_line(Found::open_quote);
    end_field();
    return finish_row(source_.unread());
  }
}

// Goes on from at_; true at a row's end, when at_ is that of its line end.
bool CsvRecords::scan(std::string_view text) {
  while (at_ < text.size()) {
    const char c = text[at_];
    switch (state_) {
      case State::field_start:
        state_ = c == '"' ? State::quoted : State::plain;
        if (c == '"') ++at_;
        break;
      case State::plain:
        if (c == '\n' || c == '\r') {
          end_field();
          return true;
        }
        if (c == delimiter_) {
          end_field();
          state_ = State::field_start;
        }
        ++at_;
        break;
      case State::quoted: {
        const std::size_t quote = text.find('"', at_);
        at_ = quote == text.npos ? text.size() : quote + 1;
        if (quote != text.npos) state_ = State::quote_seen;
        break;
      }
      case State::quote_seen:
        state_ = c == '"' ? State::quoted : State::plain;
        if (c == '"') ++at_;
        break;
    }
  }
  return false;
}

// `text` holds the whole row at its front, and its end at at_ unless it is the last one.
CsvRecords::Found CsvRecords::finish_row(std::string_view text) {
  row_ = text.substr(0, at_);
  row_line_ = line_;
  dropped_ = at_;
  if (at_ < text.size()) {
    const bool is_pair = text[at_] == '\r' && at_ + 1 < text.size() && text[at_ + 1] == '\n';
    skips_line_feed_ = text[at_] == '\r' && at_ + 1 == text.size();
    dropped_ += is_pair ? 2 : 1;
  }
  count_lines(row_);
  ++line_;
  return field_ends_.size() == 1 && is_blank(row_) ? Found::blank : Found::row;
}

// Drops the line at the front, however long it is.
Result<CsvRecords::Found> CsvRecords::skip_line(Found found) {
  shown_.assign(source_.unread().substr(0, kShownBytes));
  shown_.resize(std::min(shown_.size(), shown_.find_first_of("\r\n")));
  row_line_ = line_++;
  for (;;) {
    const std::string_view text = source_.unread();
    const std::size_t end = text.find_first_of("\r\n");
    if (end != text.npos) {
      skips_line_feed_ = text[end] == '\r';
      source_.drop(end + 1);
      return found;
    }
    source_.drop(text.size());
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) return found;
  }
}

// Line ends inside quotes.
void CsvRecords::count_lines(std::string_view text) {
  for (std::size_t at = text.find_first_of("\r\n"); at != text.npos;
       at = text.find_first_of("\r\n", at + 1)) {
    if (text[at] == '\n' || at + 1 == text.size() || text[at + 1] != '\n') ++line_;
  }
}

std::string_view CsvRecords::field(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : field_ends_[index - 1] + 1;
  return row_.substr(begin, field_ends_[index] - begin);
}

void CsvRecords::check_row() {
  const bool has_shown = !chosen_.empty() && chosen_.front() < field_ends_.size();
  const std::string_view shown = has_shown ? field(chosen_.front()) : row_;
  if (field_ends_.size() != header_.size()) {
    problem_ = fmt::format("line {} has {} columns, the first row {}", row_line_,
                           field_ends_.size(), header_.size());
  } else if (std::memchr(row_.data(), '\0', row_.size()) != nullptr) {
    problem_ = fmt::format("line {} contains a NUL byte", row_line_);
  } else if (std::ranges::any_of(chosen_, [this](std::size_t i) { return !is_utf8(field(i)); })) {
    problem_ = fmt::format("line {} is not UTF-8", row_line_);
  }
  if (!problem_.empty()) shown_ = unquote(shown).substr(0, kShownBytes);
}

void CsvRecords::cut_row() {
  cut_.clear();
  for (const std::size_t column : chosen_) {
    if (!cut_.empty() || column != chosen_.front()) cut_ += delimiter_;
    cut_ += field(column);
  }
  cut_ += '\n';
}

}  // namespace pixhaul::readers
