#include "image/probe_bmp.h"

#include <algorithm>
#include <array>

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kFileHeader = 14;
constexpr std::uint32_t kCoreHeader = 12;
constexpr std::uint32_t kShortInfo = 16;  // OS/2 2.x may stop behind the bit count
constexpr std::uint32_t kInfoHeader = 40;

// bcSize and biSize of BITMAPCOREHEADER, OS/2 2.x, BITMAPINFOHEADER and its successors.
constexpr std::array<std::uint32_t, 8> kInfoLengths = {12, 16, 40, 52, 56, 64, 108, 124};

// BITMAPINFOHEADER, biBitCount: "1, 4, 8, 16, 24, 32", 2 by Windows CE; 0 with BI_JPEG and BI_PNG.
bool is_bit_count(std::uint32_t bits) {
  constexpr std::array<std::uint32_t, 7> kBits = {1, 2, 4, 8, 16, 24, 32};
  return std::ranges::find(kBits, bits) != kBits.end();
}

// BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS: rows stand uncompressed.
bool is_plain(std::uint32_t compression) {
  return compression == 0 || compression == 3 || compression == 6;
}

// "each row is padded to a multiple of four bytes". Saturates far above any file's size.
std::uint64_t array_bytes(std::uint64_t width, std::uint64_t height, std::uint64_t bits) {
  const std::uint64_t stride = (width * bits + 31) / 32 * 4;
  return height > (std::uint64_t{1} << 62) / stride ? std::uint64_t{1} << 62 : stride * height;
}

}  // namespace

bool BmpWalker::is_info_length(std::uint32_t size) {
  return std::ranges::find(kInfoLengths, size) != kInfoLengths.end();
}

Step BmpWalker::start() { return take_next(kFileHeader + 4); }

Step BmpWalker::take(Bytes bytes, Findings& findings) {
  switch (state_) {
    case State::file_header:
      // BITMAPFILEHEADER: bfType, bfSize, two reserved words, bfOffBits; then the info header's
      // length.
      file_size_ = little_32(bytes, 2);
      pixels_at_ = little_32(bytes, 10);
      info_length_ = little_32(bytes, 14);
      state_ = info_length_ == kCoreHeader ? State::core : State::info;
      return take_next(
          static_cast<std::uint8_t>(std::min(info_length_, kInfoHeader) - sizeof(std::uint32_t)));
    case State::core:
      return on_core(bytes, findings);
    case State::info:
      return on_info(bytes, findings);
  }
  return refused_already();
}

Step BmpWalker::on_core(Bytes bytes, Findings& findings) {
  // BITMAPCOREHEADER: bcWidth, bcHeight, bcPlanes, bcBitCount, 16 bits each.
  const std::uint32_t width = little_16(bytes, 0);
  const std::uint32_t height = little_16(bytes, 2);
  const std::uint32_t bits = little_16(bytes, 6);
  if (!is_bit_count(bits)) return refuse_damaged(findings, "BMP with an unknown bit count");
  if (!accept_dimensions(findings, width, height)) return refused_already();
  return skip_pixels(array_bytes(width, height, bits), findings);
}

Step BmpWalker::on_info(Bytes bytes, Findings& findings) {
  // BITMAPINFOHEADER: biWidth, biHeight (negative: top-down), biPlanes, biBitCount, biCompression,
  // biSizeImage.
  const auto width = static_cast<std::int32_t>(little_32(bytes, 0));
  const std::int64_t height = static_cast<std::int32_t>(little_32(bytes, 4));
  const std::uint32_t bits = little_16(bytes, 10);
  const bool is_short = info_length_ == kShortInfo;
  const std::uint32_t compression = is_short ? 0 : little_32(bytes, 12);
  if (width < 0) return refuse_damaged(findings, "BMP with a negative width");
  const auto rows = static_cast<std::uint32_t>(height < 0 ? -height : height);
  if (!accept_dimensions(findings, static_cast<std::uint32_t>(width), rows)) {
    return refused_already();
  }
  if (is_plain(compression)) {
    if (!is_bit_count(bits)) return refuse_damaged(findings, "BMP with an unknown bit count");
    return skip_pixels(array_bytes(static_cast<std::uint32_t>(width), rows, bits), findings);
  }
  // "biSizeImage: the size, in bytes, of the image. This may be set to zero for BI_RGB bitmaps" -
  // and is by some for compressed ones, where the file's size must serve.
  const std::uint32_t stated = little_32(bytes, 16);
  if (stated > 0) return skip_pixels(stated, findings);
  if (file_size_ <= findings.position) return refuse_damaged(findings, "BMP of unknown length");
  return skip_then_end(file_size_ - findings.position);
}

Step BmpWalker::skip_pixels(std::uint64_t pixel_bytes, Findings& findings) const {
  const std::uint64_t pixels_at = std::max(pixels_at_, kFileHeader + info_length_);
  return skip_then_end(pixels_at + pixel_bytes - findings.position);
}

std::optional<Error> BmpWalker::finish(const End& end) const {
  if (end.is_complete()) return std::nullopt;
  return truncated_error("BMP ends before the end of its pixels");
}

}  // namespace pixhaul::image
