// Lines are found by memchr in one block that is refilled from behind; a row is a view into it, so
// a list of any length costs one block and no allocation per line. Only a line that outgrows the
// block makes it grow, and never above the limit: a longer line is dropped piece by piece while its
// end is looked for.
#include "readers/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pixhaul::readers {

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;
constexpr std::size_t kShownBytes = 200;  // of a line that is too long

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

}  // namespace

TextReader::TextReader(std::unique_ptr<ReadableFile> file, std::string_view input,
                       Comments comments)
    : file_(std::move(file)), input_(input), comments_(comments) {}

Result<bool> TextReader::next(RawRow& row) {
  while (!done_) {
    std::string_view line;
    Result<Line> found = next_line(line);
    if (!found || *found == Line::none) done_ = true;
    if (!found) return std::unexpected(std::move(found).error());
    if (*found == Line::none) return false;
    ++line_;
    if (*found == Line::too_long) {
      problem_ = fmt::format("line {} is longer than 1 MiB", line_);
      make_row(line, problem_, row);
      return true;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_comment = line.starts_with('#') && comments_ == Comments::skip;
    if (is_comment || is_blank(line)) continue;
    if (std::memchr(line.data(), '\0', line.size()) != nullptr) {
      problem_ = fmt::format("line {} contains a NUL byte", line_);
      make_row(line, problem_, row);
      return true;
    }
    make_row(line, {}, row);
    return true;
  }
  return false;
}

ReadProgress TextReader::progress() const {
  // What lies unread in the block has not been consumed; of UTF-16 and compressed lists this is an
  // estimate.
  const std::uint64_t waiting = block_.size() - begin_;
  return {.bytes_read = bytes_read_ - std::min(bytes_read_, waiting), .bytes_total = file_->size()};
}

double TextReader::share_returned() const {
  if (text_bytes_ == 0) return 0;
  const std::uint64_t waiting = block_.size() - begin_;
  return 1 - static_cast<double>(waiting) / static_cast<double>(text_bytes_);
}

// The next line without its LF. At the end of the file, what is left is a line if it is not empty.
Result<TextReader::Line> TextReader::next_line(std::string_view& line) {
  for (;;) {
    const std::string_view unread = block_.text().substr(begin_);
    const std::size_t end = unread.find('\n', searched_ - begin_);
    if (end != unread.npos || (at_end_ && !unread.empty())) {
      line = unread.substr(0, end);
      begin_ = std::min(begin_ + line.size() + 1, block_.size());
      searched_ = begin_;
      const bool fits = line.size() <= kMaxLineBytes;
      if (!fits) line = line.substr(0, kShownBytes);
      return fits ? Line::whole : Line::too_long;
    }
    if (at_end_) return Line::none;
    if (unread.size() > kMaxLineBytes) return skip_long_line(line);
    searched_ = block_.size();
    if (Result<> filled = fill(); !filled) return std::unexpected(std::move(filled).error());
  }
}

// Keeps the first bytes of the line to show, and reads on to its end.
Result<TextReader::Line> TextReader::skip_long_line(std::string_view& line) {
  shown_.assign(block_.text().substr(begin_, kShownBytes));
  for (;;) {
    block_.clear();
    begin_ = searched_ = 0;
    if (Result<> filled = fill(); !filled) return std::unexpected(std::move(filled).error());
    const std::size_t end = block_.text().find('\n');
    if (end == std::string_view::npos && !at_end_) continue;
    begin_ = searched_ = end == std::string_view::npos ? block_.size() : end + 1;
    break;
  }
  line = shown_;
  return Line::too_long;
}

Result<> TextReader::fill() {
  if (begin_ > 0) {
    block_.remove_prefix(begin_);
    searched_ -= begin_;
    begin_ = 0;
  }
  const std::size_t before = block_.size();
  Result<> filled = started_ ? refill() : start();
  text_bytes_ += block_.size() - before;
  return filled;
}

Result<> TextReader::refill() {
  if (!utf16_) return read_block(block_);
  undecoded_.clear();
  if (Result<> read = read_block(undecoded_); !read) return read;
  utf16_->decode(undecoded_.bytes(), block_);
  if (at_end_) utf16_->finish(block_);
  return {};
}

Result<> TextReader::read_block(Buffer& into) {
  const std::span<std::byte> room = into.writable(kBlockBytes);
  Result<std::size_t> count = file_->read(room.first(kBlockBytes));
  if (!count) return std::unexpected(std::move(count).error());
  into.commit(*count);
  bytes_read_ += *count;
  at_end_ = *count == 0;
  return {};
}

// Chooses the encoding by the byte order mark, which a pipe may deliver byte by byte.
Result<> TextReader::start() {
  started_ = true;
  while (block_.size() < 3 && !at_end_) {
    if (Result<> read = read_block(block_); !read) return read;
  }
  const std::string_view text = block_.text();
  if (text.starts_with("\xef\xbb\xbf")) {
    begin_ = searched_ = 3;
    return {};
  }
  const bool little = text.starts_with("\xff\xfe");
  if (!little && !text.starts_with("\xfe\xff")) return {};
  utf16_.emplace(little ? Utf16Decoder::Order::little : Utf16Decoder::Order::big);
  undecoded_.clear();
  undecoded_.append(block_.bytes().subspan(2));
  block_.clear();
  begin_ = searched_ = 0;
  utf16_->decode(undecoded_.bytes(), block_);
  if (at_end_) utf16_->finish(block_);
  return {};
}

void TextReader::make_row(std::string_view line, std::string_view problem, RawRow& row) {
  row = RawRow{.text = line, .input = input_, .line = line_, .problem = problem};
}

}  // namespace pixhaul::readers
