#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/file.h"
#include "readers/utf16.h"

namespace pixhaul::readers {

/// A file as UTF-8 text, in one block that is refilled from behind. A UTF-8 or UTF-16 byte order
/// mark chooses the encoding. Bytes that are no UTF-8 are passed on as they are. One thread.
class TextSource {
 public:
  explicit TextSource(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  /// What was read and not dropped; valid until the next call of more() or drop().
  [[nodiscard]] std::string_view unread() const { return block_.text().substr(begin_); }
  /// Reads on; false at the end of the file, when unread() is all there is. Errors:
  /// input_unreadable.
  [[nodiscard]] Result<bool> more();
  /// REQUIRES: bytes <= unread().size().
  void drop(std::size_t bytes) { begin_ += bytes; }
  /// Which part of what was read from the file has been dropped, 0 to 1.
  [[nodiscard]] double share_dropped() const;

 private:
  Result<> start();
  Result<> read_block(Buffer& into);

  std::unique_ptr<ReadableFile> file_;
  Buffer block_;           // from the first unread byte at begin_
  Buffer undecoded_;       // UTF-16 as read
  std::size_t begin_ = 0;  // in block_
  std::optional<Utf16Decoder> utf16_{};
  std::uint64_t text_bytes_ = 0;  // decoded so far
  bool started_ = false;
  bool at_end_ = false;
};

}  // namespace pixhaul::readers
