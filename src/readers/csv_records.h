#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "readers/records.h"
#include "readers/text_source.h"

namespace pixhaul::readers {

/// Rows of a table whose first row names its columns (RFC 4180, and what is found in the wild):
/// fields end with `delimiter`, rows with LF, CRLF or CR. A field that begins with a quote goes on
/// to the next single one, delimiters and line ends included; two quotes in it are one; what
/// follows the closing quote belongs to the field as it stands. Other quotes mean themselves.
/// Blank lines are skipped. A quote that is not closed within kMaxRecordBytes spoils one line.
class CsvRecords final : public RecordReader {
 public:
  /// `name`: for messages; outlives this.
  CsvRecords(std::unique_ptr<ReadableFile> file, std::string_view name, char delimiter)
      : source_(std::move(file)), name_(name), delimiter_(delimiter) {}

  [[nodiscard]] Result<std::vector<std::string>> column_names() override;
  void choose(std::span<const ChosenColumn> columns) override;
  [[nodiscard]] Result<bool> next(Record& record) override;
  [[nodiscard]] double share_returned() const override { return source_.share_dropped(); }

 private:
  enum class State : std::uint8_t { field_start, plain, quoted, quote_seen };
  enum class Found : std::uint8_t { row, blank, too_long, open_quote, none };

  Result<Found> find_row();
  bool scan(std::string_view text);
  void end_field() { field_ends_.push_back(at_); }
  Result<Found> skip_line(Found found);
  Found finish_row(std::string_view text);
  void count_lines(std::string_view text);
  [[nodiscard]] std::string_view field(std::size_t index) const;
  void check_row();
  void cut_row();

  TextSource source_;
  std::string_view name_;
  const char delimiter_;
  std::vector<std::string> header_;
  std::vector<std::size_t> chosen_;  // indices of fields
  // The row that is being looked for; offsets in source_.unread().
  State state_ = State::field_start;
  std::size_t at_ = 0;
  std::vector<std::size_t> field_ends_;
  std::string_view row_;          // without its end; valid until the source is read on
  std::uint64_t line_ = 1;        // at which it begins
  std::uint64_t row_line_ = 1;    // of row_
  std::size_t dropped_ = 0;       // bytes of the row returned last, to be dropped before the next
  bool skips_line_feed_ = false;  // a row ended in CR at the end of what was read
  bool at_end_ = false;
  std::string cut_;  // the chosen fields
  std::string problem_;
  std::string shown_;
};

}  // namespace pixhaul::readers
