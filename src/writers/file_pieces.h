#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/file.h"
#include "base/summed_file.h"

namespace pixhaul::writers {

/// A file read once from front to back, as pieces of lengths that are asked for, and summed on the
/// way. Memory: the largest piece and a megabyte. One thread.
class FilePieces {
 public:
  /// `file` outlives this. Errors: output_unwritable.
  [[nodiscard]] static Result<FilePieces> create(const RandomAccessFile& file);

  /// Where the next piece begins.
  [[nodiscard]] std::uint64_t offset() const { return facts_.bytes; }
  [[nodiscard]] std::uint64_t left() const { return size_ - facts_.bytes; }
  /// Of the pieces taken.
  [[nodiscard]] const FileFacts& facts() const { return facts_; }

  /// The next `count` bytes, valid until the next call. `what` they are, for the message. Errors:
  /// state_damaged if they are not there; output_unwritable, where the disk cannot be read.
  [[nodiscard]] Result<std::span<const std::byte>> take(std::uint64_t count, std::string_view what);

 private:
  FilePieces(const RandomAccessFile& file, std::uint64_t size) : file_(&file), size_(size) {}
  Result<> fill(std::size_t needed);

  const RandomAccessFile* file_;  // not owned
  std::uint64_t size_;
  Buffer buffer_;
  std::size_t used_ = 0;
  FileFacts facts_;
};

/// "the file ends within 'x' at byte 512", as state_damaged.
[[nodiscard]] Error damaged_at(std::uint64_t offset, std::string_view what);

/// Whether an image of a sample may bear that extension: the closed list of formats we keep, so
/// that nothing a reader would run or unpickle passes for one.
[[nodiscard]] bool is_image_extension(std::string_view extension);

}  // namespace pixhaul::writers
