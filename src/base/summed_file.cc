#include "base/summed_file.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"

namespace pixhaul {

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
  if (Result<> flushed = flush(); !flushed) return flushed;
  facts_.bytes += length;
  facts_.crc32c = crc32c_combine(facts_.crc32c, known_crc32c, length);
  return file_.append_from(from, offset, length);
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
