#include "writers/file_pieces.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/digest.h"
#include "pixhaul/outcome.h"

namespace pixhaul::writers {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

}  // namespace

Result<FilePieces> FilePieces::create(const RandomAccessFile& file) {
  Result<std::uint64_t> size = file.size();
  if (!size) return std::unexpected(std::move(size).error());
  return FilePieces(file, *size);
}

Result<std::span<const std::byte>> FilePieces::take(std::uint64_t count, std::string_view what) {
  if (count > left()) {
    return std::unexpected(damaged_at(offset(), fmt::format("the file ends within {}", what)));
  }
  const auto size = static_cast<std::size_t>(count);
  if (buffer_.size() - used_ < size) {
    if (Result<> filled = fill(size); !filled) return std::unexpected(std::move(filled).error());
  }
  const std::span<const std::byte> piece = buffer_.bytes().subspan(used_, size);
  used_ += size;
  facts_.crc32c = crc32c(piece, facts_.crc32c);
  facts_.bytes += count;
  return piece;
}

Result<> FilePieces::fill(std::size_t needed) {
  buffer_.remove_prefix(used_);
  used_ = 0;
  while (buffer_.size() < needed) {
    const std::uint64_t at = facts_.bytes + buffer_.size();
    const std::size_t wanted = std::max(needed - buffer_.size(), kReadBytes);
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, size_ - at));
    const std::span<std::byte> into = buffer_.writable(room).first(room);
    Result<std::size_t> count = file_->read_at(at, into);
    if (!count) return std::unexpected(std::move(count).error());
    if (*count == 0) return std::unexpected(damaged_at(at, "the file became shorter"));
    buffer_.commit(*count);
  }
  return {};
}

Error damaged_at(std::uint64_t offset, std::string_view what) {
  return Error{.code = ErrorCode::state_damaged,
               .detail = fmt::format("{} at byte {}", what, offset)};
}

bool is_image_extension(std::string_view extension) {
  for (int value = 0; value <= static_cast<int>(ImageFormat::heic); ++value) {
    const std::string_view known = file_extension(static_cast<ImageFormat>(value));
    if (!known.empty() && known == extension) return true;
  }
  return false;
}

}  // namespace pixhaul::writers
