#include "image/encode_webp.h"

#include <fmt/format.h>
#include <webp/encode.h>

#include <algorithm>
#include <memory>

namespace pixhaul::image {
namespace {

/// The grey ones with their grey three times.
Image in_color(const Image& image) {
  Image result(image.width(), image.height(), image.channels() + 2);
  const std::uint8_t* from = image.pixels().data();
  std::uint8_t* to = result.pixels().data();
  const std::size_t pixel_count = std::size_t{image.width()} * image.height();
  for (std::size_t i = 0; i < pixel_count; ++i) {
    to = std::fill_n(to, 3, *from);
    to = std::copy_n(from + 1, image.channels() - 1, to);
    from += image.channels();
  }
  return result;
}

struct WebpMemory {
  void operator()(std::uint8_t* memory) const { WebPFree(memory); }
};

std::size_t write_lossy(const Image& image, int quality, std::uint8_t** output) {
  const auto encode = image.channels() == 4 ? WebPEncodeRGBA : WebPEncodeRGB;
  return encode(image.pixels().data(), static_cast<int>(image.width()),
                static_cast<int>(image.height()), static_cast<int>(image.stride_bytes()),
                static_cast<float>(quality), output);
}

std::size_t write_lossless(const Image& image, std::uint8_t** output) {
  const auto encode = image.channels() == 4 ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB;
  return encode(image.pixels().data(), static_cast<int>(image.width()),
                static_cast<int>(image.height()), static_cast<int>(image.stride_bytes()), output);
}

}  // namespace

Result<Buffer> encode_webp(const Image& image, int quality) {
  PIXHAUL_CHECK(quality >= 1);
  if (std::max(image.width(), image.height()) > WEBP_MAX_DIMENSION) {
    return std::unexpected(
        Error{.code = ErrorCode::too_many_pixels,
              .detail = fmt::format("{} x {}: a side of a WebP has {} pixels at most",
                                    image.width(), image.height(), WEBP_MAX_DIMENSION)});
  }
  if (image.channels() < 3) return encode_webp(in_color(image), quality);
  std::uint8_t* output = nullptr;
  const std::size_t size =
      quality > 100 ? write_lossless(image, &output) : write_lossy(image, quality, &output);
  const std::unique_ptr<std::uint8_t[], WebpMemory> owner(output);
  if (size == 0) {
    return std::unexpected(
        Error{.code = ErrorCode::internal, .detail = "WebP: the encoder failed"});
  }
  Buffer bytes(size);
  bytes.append(std::as_bytes(std::span<const std::uint8_t>(output, size)));
  return bytes;
}

}  // namespace pixhaul::image
