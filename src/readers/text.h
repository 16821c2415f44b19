#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "base/file.h"
#include "readers/reader.h"
#include "readers/utf16.h"

namespace pixhaul::readers {

inline constexpr std::size_t kMaxLineBytes = 1u << 20;

/// Whether a line that begins with '#' is a row.
enum class Comments : std::uint8_t { skip, keep };

/// A text list: one URL a line, whatever it contains. Lines end with LF or CRLF, the last one may
/// lack it; blank lines and, unless they are kept, those that begin with '#' are skipped but
/// counted; a UTF-8 or UTF-16 byte order mark chooses the encoding. A line longer than
/// kMaxLineBytes or holding a NUL is a row with a problem, and reading goes on.
class TextReader final : public RowReader {
 public:
  /// `input`: the list's name as given; it outlives the reader and is what rows point to.
  TextReader(std::unique_ptr<ReadableFile> file, std::string_view input,
             Comments comments = Comments::skip);

  [[nodiscard]] Result<bool> next(RawRow& row) override;
  [[nodiscard]] ReadProgress progress() const override;
  /// Which part of what was read from the file has been handed out as rows, 0 to 1.
  [[nodiscard]] double share_returned() const;

 private:
  enum class Line : std::uint8_t { whole, too_long, none };

  Result<Line> next_line(std::string_view& line);
  Result<> fill();
  Result<> refill();
  Result<> start();
  Result<> read_block(Buffer& into);
  Result<Line> skip_long_line(std::string_view& line);
  void make_row(std::string_view line, std::string_view problem, RawRow& row);

  std::unique_ptr<ReadableFile> file_;
  std::string_view input_;
  Comments comments_;
  Buffer block_;              // UTF-8, from the first unread byte at begin_
  Buffer undecoded_;          // UTF-16 as read
  std::size_t begin_ = 0;     // of the next line in block_
  std::size_t searched_ = 0;  // block_ holds no line end between begin_ and here
  std::optional<Utf16Decoder> utf16_{};
  std::uint64_t line_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t text_bytes_ = 0;  // decoded so far
  std::string problem_;
  std::string shown_;  // the beginning of a line that was too long
  bool started_ = false;
  bool at_end_ = false;
  bool done_ = false;
};

}  // namespace pixhaul::readers
