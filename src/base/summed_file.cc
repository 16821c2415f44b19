#include "base/summed_file.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"

namespace pixhaul {

namespace {

// Parts up to this share of the buffer are read into it, larger ones are left to append_from().
// Many small copies inside the kernel cost more than they save: 75 KB with 2.5 KB of text around
// it took 45 us of CPU by copy_file_range on ext4, 26 us read into a buffer of 1 MiB and written
// with the next ones, of which 25 are the writing.
constexpr std::size_t kSmallShare = 4;

}  // namespace

SummedFile::SummedFile(WritableFile& file, std::size_t buffer_bytes)
    : file_(file), buffer_bytes_(buffer_bytes) {}

Result<> SummedFile::write(std::span<const std::byte> bytes) {
  facts_.bytes += bytes.size();
  facts_.crc32c = crc32c(bytes, facts_.crc32c);
  if (buffer_.size() + bytes.size() > buffer_bytes_) {
    if (Result<> flushed = flush(); !flushed) return flushed;
    if (bytes.size() > buffer_bytes_) return file_.write(bytes);
  }
  buffer_.append(bytes);
  return {};
}

Result<> SummedFile::append_from(const RandomAccessFile& from, std::uint64_t offset,
                                 std::uint64_t length) {
  return WritableFile::append_from(from, offset, length);  // reads, and comes back through write()
}

Result<> SummedFile::append_known(const RandomAccessFile& from, std::uint64_t offset,
                                  std::uint64_t length, std::uint32_t known_crc32c) {
  facts_.bytes += length;
  facts_.crc32c = crc32c_combine(facts_.crc32c, known_crc32c, length);
  if (length <= buffer_bytes_ / kSmallShare) {
    return read_into_buffer(from, offset, static_cast<std::size_t>(length));
  }
  if (Result<> flushed = flush(); !flushed) return flushed;
  return file_.append_from(from, offset, length);
}

Result<> SummedFile::read_into_buffer(const RandomAccessFile& from, std::uint64_t offset,
                                      std::size_t length) {
  if (buffer_.size() + length > buffer_bytes_) {
    if (Result<> flushed = flush(); !flushed) return flushed;
  }
  if (length == 0) return {};
  Result<std::size_t> count = from.read_at(offset, buffer_.writable(length).first(length));
  if (!count) return std::unexpected(std::move(count).error());
  if (*count < length) {
    return std::unexpected(Error{.code = ErrorCode::state_damaged,
                                 .detail = "a file ends before the bytes that are to be copied"});
  }
  buffer_.commit(length);
  return {};
}

Result<> SummedFile::flush() {
  if (buffer_.empty()) return {};
  Result<> wrote = file_.write(buffer_.bytes());
  buffer_.clear();
  return wrote;
}

Result<> SummedFile::sync() {
  if (Result<> flushed = flush(); !flushed) return flushed;
  return file_.sync();
}

Result<> SummedFile::close() {
  if (Result<> flushed = flush(); !flushed) return flushed;
  return file_.close();
}

}  // namespace pixhaul
