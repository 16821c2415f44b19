// Written by many, read once: each writer takes a range under the lock and fills it without one, so
// that copies into the page cache run side by side.
#include "ledger/spool_data.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "ledger/layout.h"

namespace pixhaul::ledger {

namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

}  // namespace

Result<DataPlace> SpoolData::append(std::span<const std::byte> bytes) {
  DataPlace place{.length = bytes.size(), .crc32c = crc32c(bytes)};
  SharedFile* file = nullptr;
  {
    const MutexLock lock(mutex_);
    if (file_ == nullptr) {
      Result<std::unique_ptr<SharedFile>> opened = spool_.open_shared(name_);
      if (!opened) return std::unexpected(std::move(opened).error());
      file_ = std::move(*opened);
    }
    file = file_.get();
    place.offset = end_;
    end_ += bytes.size();
  }
  if (Result<> wrote = file->write_at(place.offset, bytes); !wrote) {
    return std::unexpected(std::move(wrote).error());
  }
  return place;
}

std::string data_name(std::uint64_t shard) { return shard_name(shard) + ".data"; }

Result<bool> is_present(const RandomAccessFile& file, const DataPlace& place, bool by_sum) {
  if (by_sum) {
    Result<std::optional<std::uint32_t>> sum = sum_of(file, place.offset, place.length);
    if (!sum) return std::unexpected(std::move(sum).error());
    return *sum == place.crc32c;
  }
  Result<std::uint64_t> size = file.size();
  if (!size) return std::unexpected(std::move(size).error());
  return place.offset <= *size && place.length <= *size - place.offset;
}

Result<std::optional<std::uint32_t>> sum_of(const RandomAccessFile& file, std::uint64_t offset,
                                            std::uint64_t length) {
  std::vector<std::byte> chunk(
      static_cast<std::size_t>(std::min<std::uint64_t>(length, kChunkBytes)));
  std::uint32_t sum = 0;
  while (length > 0) {
    const auto part = std::span(chunk).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(length, chunk.size())));
    Result<std::size_t> count = file.read_at(offset, part);
    if (!count) return std::unexpected(std::move(count).error());
    if (*count == 0) return std::optional<std::uint32_t>();
    sum = crc32c(part.first(*count), sum);
    offset += *count;
    length -= *count;
  }
  return std::optional(sum);
}

}  // namespace pixhaul::ledger
