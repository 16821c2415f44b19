#include "image/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "image/avif.h"
#include "image/bmp.h"
#include "image/gif.h"
#include "image/jpeg.h"
#include "image/png.h"
#include "image/probe.h"
#include "image/tiff.h"
#include "image/webp.h"

// The table of codecs and what all of them share. A truncated animation whose first frame is whole
// would satisfy a decoder, which is why decode() walks the container before it asks for pixels;
// that walk costs some microseconds where the decoder costs milliseconds. Each codec holds its own
// library's idea of the dimensions against the limits again: two parsers may disagree.

namespace pixhaul::image {
namespace {

constexpr JpegCodec kJpeg;
constexpr PngCodec kPng;
constexpr WebpCodec kWebp;
constexpr GifCodec kGif;
constexpr AvifCodec kAvif;
constexpr BmpCodec kBmp;
constexpr TiffCodec kTiff;

struct Entry {
  ImageFormat format;
  const Codec* codec;
};

// A new format is its file and a line here.
constexpr std::array<Entry, 7> kCodecs = {{
    {ImageFormat::jpeg, &kJpeg},
    {ImageFormat::png, &kPng},
    {ImageFormat::webp, &kWebp},
    {ImageFormat::gif, &kGif},
    {ImageFormat::avif, &kAvif},
    {ImageFormat::bmp, &kBmp},
    {ImageFormat::tiff, &kTiff},
}};

std::string count_text(std::uint64_t count) {
  constexpr std::uint64_t kMillion = 1'000'000;
  if (count < kMillion) return fmt::format("{}", count);
  return fmt::format("{:.12g} million", static_cast<double>(count) / double{kMillion});
}

}  // namespace

const Codec* find_codec(ImageFormat format, const DecodeLimits& limits) {
  if (format == ImageFormat::tiff && !limits.may_decode_tiff) return nullptr;
  const auto* found = std::ranges::find(kCodecs, format, &Entry::format);
  return found == kCodecs.end() ? nullptr : found->codec;
}

Result<> check_dimensions(const Dimensions& dimensions, const DecodeLimits& limits) {
  const auto [width, height] = dimensions;
  const std::uint64_t pixels = std::uint64_t{width} * height;
  if (pixels > limits.max_pixels) {
    return std::unexpected(
        Error{.code = ErrorCode::too_many_pixels,
              .detail = fmt::format("{} x {} is {} pixels; {} allowed (--max_pixels)", width,
                                    height, count_text(pixels), count_text(limits.max_pixels))});
  }
  if (std::max(width, height) > limits.max_side) {
    return std::unexpected(Error{.code = ErrorCode::too_many_pixels,
                                 .detail = fmt::format("{} x {}: a side may have {} pixels", width,
                                                       height, limits.max_side)});
  }
  return {};
}

void load_codecs() {
  load_avif();
  load_tiff();
}

Result<Whole> walk(Bytes bytes) {
  Probe probe;
  probe.feed(bytes);
  if (auto whole = probe.finish(); !whole) return std::unexpected(std::move(whole).error());
  return Whole{
      .format = probe.format(), .size = probe.dimensions(), .orientation = probe.orientation()};
}

Result<const Codec*> need_codec(ImageFormat format, const DecodeLimits& limits) {
  const Codec* codec = find_codec(format, limits);
  if (codec != nullptr) return codec;
  return std::unexpected(
      Error{.code = ErrorCode::unsupported_format,
            .detail = fmt::format("{} is not decoded; --validate structure keeps it as served",
                                  media_type(format))});
}

Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) {
  auto whole = walk(bytes);
  if (!whole) return std::unexpected(std::move(whole).error());
  auto codec = need_codec(whole->format, limits);
  if (!codec) return std::unexpected(std::move(codec).error());
  if (whole->size) {
    auto allowed = check_dimensions(*whole->size, limits);
    if (!allowed) return std::unexpected(std::move(allowed).error());
  }
  return (*codec)->decode(bytes, limits);
}

}  // namespace pixhaul::image
