// The chosen members are copied as they stand into a narrower object, so that whoever parses it
// meets no other keys, no depth and no width but those asked for. A row is looked at whole all the
// same: half a row is none.
#include "readers/json_records.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "readers/json_text.h"

namespace pixhaul::readers {

namespace {

constexpr std::size_t kShownBytes = 200;      // of a row that is none
constexpr std::size_t kNamesBytes = 1 << 20;  // of a table, in which its columns are looked for
constexpr std::size_t kMaxNames = 4096;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

// Calls take(key, value) with each member, both as they stand. False if `text` is no object.
template <class Take>
bool for_members(std::string_view text, Take take) {
  JsonText json(text);
  if (!json.take('{')) return false;
  for (bool first = true; !json.take('}'); first = false) {
    std::string_view key;
    std::string_view value;
    if (!first && !json.take(',')) return false;
    if (!json.take_string(key) || !json.take(':') || !json.take_value(value)) return false;
    if (!take(key, value)) return false;
  }
  return json.at_end();
}

// The names of the members of `row` that are not among `names` yet.
void add_names(std::string_view row, std::vector<std::string>& names) {
  std::ignore = for_members(row, [&](std::string_view key, std::string_view) {
    std::string name = json_string_value(key);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    return names.size() < kMaxNames;
  });
}

// Where the value at the front of an array ends: at a comma or bracket of its own level. Only
// brackets and strings matter for that. Goes on where it was when there is more text.
class ElementEnd {
 public:
  static constexpr std::size_t kNotYet = std::string_view::npos;

  std::size_t find(std::string_view text) {
    for (; at_ < text.size(); ++at_) {
      const char c = text[at_];
      if (escaped_) {
        escaped_ = false;
      } else if (in_string_) {
        in_string_ = c != '"';
        escaped_ = c == '\\';
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if (depth_ == 0 && (c == ',' || c == ']' || c == '}')) {
        return at_;
      } else if (c == '}' || c == ']') {
        --depth_;
      }
    }
    return kNotYet;
  }
  /// The text's beginning up to here was dropped.
  void dropped() { at_ = 0; }

 private:
  std::size_t at_ = 0;
  std::uint64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace

void JsonMembers::choose(std::span<const ChosenColumn> columns) {
  columns_.assign(columns.begin(), columns.end());
  for (std::size_t i = 0; i < columns_.size(); ++i) index_.emplace(columns_[i].name, i);
}

bool JsonMembers::cut(std::string_view row, std::string& cut) {
  problem_.clear();
  values_.assign(columns_.size(), {});
  const bool whole = for_members(row, [this](std::string_view key, std::string_view value) {
    return take_member(key, value);
  });
  if (!whole) return fail("is no JSON object");
  cut = "{";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!values_[i].empty() && !append(i, cut)) return false;
  }
  cut += "}\n";
  return true;
}

bool JsonMembers::take_member(std::string_view key, std::string_view value) {
  const auto at = index_.find(json_string_value(key));
  if (at == index_.end()) return true;
  if (!values_[at->second].empty()) return fail("has a member twice");
  values_[at->second] = value;
  return true;
}

bool JsonMembers::append(std::size_t column, std::string& cut) {
  const std::string_view value = values_[column];
  if (!is_utf8(value)) return fail("is not UTF-8");
  if (value.find("\\u0000") != value.npos) return fail("contains a NUL character");
  const bool nested = value.starts_with('{') || value.starts_with('[');
  const bool as_text = columns_[column].kind == ColumnKind::text;
  if (as_text && nested) {
    return fail(fmt::format("holds no text in '{}'", columns_[column].name));
  }
  if (cut.size() > 1) cut += ',';
  const bool quote = as_text && !value.starts_with('"') && value != "null";
  cut +=
      quote ? fmt::format("\"{}\":\"{}\"", column, value) : fmt::format("\"{}\":{}", column, value);
  return true;
}

bool JsonMembers::fail(std::string_view why) {
  if (problem_.empty()) problem_ = why;
  return false;
}

std::string JsonMembers::shown() const {
  if (values_.empty() || !values_.front().starts_with('"')) return {};
  return json_string_value(values_.front()).substr(0, kShownBytes);
}

Result<std::vector<std::string>> JsonLines::column_names() {
  while (!at_end_ && source_.unread().size() < kNamesBytes) {
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    at_end_ = !*more;
  }
  std::vector<std::string> names;
  std::string_view text = source_.unread();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos && !at_end_) break;
    add_names(text.substr(0, end), names);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return names;
}

Result<bool> JsonLines::next(Record& record) {
  std::string_view line;
  Result<Found> found = find_line(line);
  while (found && *found == Found::line && is_blank(line)) found = find_line(line);
  if (!found) return std::unexpected(std::move(found).error());
  if (*found == Found::none) return false;
  record = {.line = line_};
  if (*found == Found::too_long) {
    problem_ = fmt::format("line {} is longer than 1 MiB", line_);
    shown_.clear();
  } else if (members_.cut(line, cut_)) {
    record.text = cut_;
    return true;
  } else {
    problem_ = fmt::format("line {} {}", line_, members_.problem());
    shown_ = members_.shown();
  }
  record.problem = problem_;
  record.shown = shown_;
  return true;
}

Result<JsonLines::Found> JsonLines::find_line(std::string_view& line) {
  source_.drop(std::exchange(dropped_, 0));
  std::size_t searched = 0;
  for (;;) {
    const std::string_view text = source_.unread();
    const std::size_t end = text.find('\n', searched);
    if (end != text.npos || (at_end_ && !text.empty())) {
      ++line_;
      line = text.substr(0, end);
      dropped_ = end == text.npos ? text.size() : end + 1;
      return line.size() <= kMaxRecordBytes ? Found::line : Found::too_long;
    }
    if (at_end_) return Found::none;
    if (text.size() > kMaxRecordBytes) return skip_line(line);
    searched = text.size();
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    at_end_ = !*more;
  }
}

Result<JsonLines::Found> JsonLines::skip_line(std::string_view& line) {
  ++line_;
  line = {};
  for (;;) {
    const std::string_view text = source_.unread();
    const std::size_t end = text.find('\n');
    source_.drop(end == text.npos ? text.size() : end + 1);
    if (end != text.npos || at_end_) return Found::too_long;
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    at_end_ = !*more;
  }
}

Result<std::vector<std::string>> JsonArray::column_names() {
  for (bool ended = false; !ended && source_.unread().size() < kNamesBytes;) {
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    ended = !*more;
  }
  if (Result<> began = begin(); !began) return std::unexpected(std::move(began).error());
  std::vector<std::string> names;
  for (std::string_view text = source_.unread(); !text.empty();) {
    const std::size_t end = ElementEnd().find(text);
    if (end == ElementEnd::kNotYet) break;
    add_names(text.substr(0, end), names);
    if (text[end] != ',') break;
    text.remove_prefix(end + 1);
  }
  return names;
}

// The opening bracket, which column_names() has read.
Result<> JsonArray::begin() {
  const std::string_view text = source_.unread();
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  if (at == text.npos || text[at] != '[') {
    return std::unexpected(
        broken("it is no array of objects, [{\"url\":\"…\"},…]; if it has a row a line, say "
               "--input_format jsonl"));
  }
  source_.drop(at + 1);
  return {};
}

Result<bool> JsonArray::next(Record& record) {
  if (done_) return false;
  source_.drop(std::exchange(dropped_, 0));
  std::string_view element;
  Result<Found> found = find_element(element);
  if (!found) done_ = true;
  if (!found) return std::unexpected(std::move(found).error());
  if (*found == Found::none) return false;
  record = {.line = ++row_};
  if (*found == Found::too_long) {
    problem_ = fmt::format("row {} is longer than 1 MiB", row_);
    shown_.clear();
  } else if (members_.cut(element, cut_)) {
    record.text = cut_;
    return true;
  } else {
    problem_ = fmt::format("row {} {}", row_, members_.problem());
    shown_ = members_.shown();
  }
  record.problem = problem_;
  record.shown = shown_;
  return true;
}

// The next element, and its end's comma or bracket in dropped_ or done_.
Result<JsonArray::Found> JsonArray::find_element(std::string_view& element) {
  ElementEnd finder;
  bool too_long = false;
  for (;;) {
    const std::string_view text = source_.unread();
    const std::size_t end = finder.find(text);
    if (end != ElementEnd::kNotYet) {
      if (text[end] == '}') return std::unexpected(broken("a bracket closes what none opened"));
      done_ = text[end] == ']';
      element = text.substr(0, end);
      dropped_ = end + 1;
      const bool empty_array =
          done_ && row_ == 0 && element.find_first_not_of(" \t\r\n") == element.npos;
      if (empty_array) return Found::none;
      return too_long || end > kMaxRecordBytes ? Found::too_long : Found::element;
    }
    if (text.size() > kMaxRecordBytes) {
      too_long = true;
      source_.drop(text.size());
      finder.dropped();
    }
    Result<bool> more = source_.more();
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) return std::unexpected(broken("it ends in the middle of its array"));
  }
}

Error JsonArray::broken(std::string_view why) const {
  return Error{.code = ErrorCode::input_unreadable,
               .detail = fmt::format("cannot read '{}': {}", name_, why)};
}

}  // namespace pixhaul::readers
