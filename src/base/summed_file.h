#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "base/file.h"

namespace pixhaul {

/// What a file's contents are known by.
struct FileFacts {
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;

  bool operator==(const FileFacts&) const = default;
};

/// Writes to another file through a buffer and sums what passes, so that no finished file is read
/// again for its sum. `file` outlives this. One thread. Destroying it drops what was not flushed.
class SummedFile final : public WritableFile {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

  explicit SummedFile(WritableFile& file, std::size_t buffer_bytes = kBufferBytes);

  [[nodiscard]] Result<> write(std::span<const std::byte> bytes) override;
  [[nodiscard]] Result<> append_from(const RandomAccessFile& from, std::uint64_t offset,
                                     std::uint64_t length) override;
  /// append_from() where the sum of those bytes is known: it is taken as said, unseen.
  [[nodiscard]] Result<> append_known(const RandomAccessFile& from, std::uint64_t offset,
                                      std::uint64_t length, std::uint32_t known_crc32c);
  /// Hands everything to the file.
  [[nodiscard]] Result<> flush();
  /// Both flush first.
  [[nodiscard]] Result<> sync() override;
  [[nodiscard]] Result<> close() override;

  /// Of everything written, in the buffer or behind it.
  [[nodiscard]] const FileFacts& facts() const { return facts_; }

 private:
  Result<> read_into_buffer(const RandomAccessFile& from, std::uint64_t offset, std::size_t length);

  WritableFile& file_;
  const std::size_t buffer_bytes_;
  Buffer buffer_;
  FileFacts facts_;
};

}  // namespace pixhaul
