#include "image/webp.h"

#include <webp/decode.h>

#include <algorithm>
#include <cstring>
#include <string_view>

// libwebp decodes still pictures from the whole file. An animation is refused by it, so the chunks
// are walked here to the first frame, whose payload (RFC 9649 §2.7.1.1) libwebp takes as it would a
// file: ALPH and VP8, or VP8L.

namespace pixhaul::image {
namespace {

constexpr std::size_t kRiffHeader = 12;
constexpr std::size_t kChunkHeader = 8;
constexpr std::size_t kFrameHeader = 16;  // of ANMF: X, Y, width, height, duration, flags

std::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return std::unexpected(Error{.code = code, .detail = "WebP: " + std::move(detail)});
}

std::unexpected<Error> fail(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return fail(ErrorCode::truncated, "ends before its last pixel");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return fail(ErrorCode::unsupported_format, "a feature that libwebp does not decode");
    default:
      return fail(ErrorCode::decode_error, "damaged image data");
  }
}

const std::uint8_t* data_of(Bytes bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

Dimensions size_of(const WebPBitstreamFeatures& features) {
  return {static_cast<std::uint32_t>(features.width), static_cast<std::uint32_t>(features.height)};
}

/// A picture without animation: a file, or what stands in an ANMF chunk.
Result<Image> decode_still(Bytes bytes, const DecodeLimits& limits) {
  WebPDecoderConfig config;
  PIXHAUL_CHECK(WebPInitDecoderConfig(&config) != 0);
  const VP8StatusCode seen = WebPGetFeatures(data_of(bytes), bytes.size(), &config.input);
  if (seen != VP8_STATUS_OK) return fail(seen);
  const Dimensions dimensions = size_of(config.input);
  auto allowed = check_dimensions(dimensions, limits);
  if (!allowed) return std::unexpected(std::move(allowed).error());

  const bool has_alpha = config.input.has_alpha != 0;
  Image image(dimensions.width, dimensions.height, has_alpha ? 4 : 3);
  config.output.colorspace = has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.pixels().data();
  config.output.u.RGBA.stride = static_cast<int>(image.stride_bytes());
  config.output.u.RGBA.size = image.size_bytes();
  const VP8StatusCode decoded = WebPDecode(data_of(bytes), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (decoded != VP8_STATUS_OK) return fail(decoded);
  return image;
}

std::uint32_t little_24(Bytes bytes, std::size_t at) {
  return little_16(bytes, at) | static_cast<std::uint32_t>(byte_at(bytes, at + 2)) << 16;
}

bool is_chunk(Bytes bytes, std::size_t at, std::string_view type) {
  return std::memcmp(bytes.data() + at, type.data(), type.size()) == 0;
}

struct Frame {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  Dimensions size{};
  Bytes data{};
};

/// The first ANMF chunk.
Result<Frame> find_frame(Bytes bytes) {
  std::size_t at = kRiffHeader;
  while (bytes.size() - at >= kChunkHeader) {
    const std::size_t size = little_32(bytes, at + 4);
    const bool is_frame = is_chunk(bytes, at, "ANMF");
    at += kChunkHeader;
    if (size > bytes.size() - at) break;
    if (is_frame) {
      if (size < kFrameHeader) return fail(ErrorCode::decode_error, "a frame without its header");
      // RFC 9649 §2.7.1.1: "The X coordinate of the upper left corner of the frame is Frame X * 2";
      // width and height are stored less one.
      return Frame{.left = little_24(bytes, at) * 2,
                   .top = little_24(bytes, at + 3) * 2,
                   .size = {little_24(bytes, at + 6) + 1, little_24(bytes, at + 9) + 1},
                   .data = bytes.subspan(at + kFrameHeader, size - kFrameHeader)};
    }
    at += size + size % 2;
    if (at > bytes.size()) break;
  }
  return fail(ErrorCode::truncated, "ends before its first frame");
}

/// RGB and alpha of `canvas`, transparent where the frame is not.
Image place(const Image& picture, const Frame& frame, const Dimensions& canvas) {
  Image image(canvas.width, canvas.height, 4);
  std::ranges::fill(image.pixels(), std::uint8_t{0});
  for (std::uint32_t y = 0; y < picture.height(); ++y) {
    std::uint8_t* to = image.row(frame.top + y).data() + std::size_t{frame.left} * 4;
    const std::uint8_t* from = picture.row(y).data();
    for (std::uint32_t x = 0; x < picture.width(); ++x, to += 4, from += picture.channels()) {
      std::copy_n(from, 3, to);
      to[3] = picture.channels() == 4 ? from[3] : 255;
    }
  }
  return image;
}

Result<Image> decode_animation(Bytes bytes, const Dimensions& canvas, const DecodeLimits& limits) {
  auto allowed = check_dimensions(canvas, limits);
  if (!allowed) return std::unexpected(std::move(allowed).error());
  const auto frame = find_frame(bytes);
  if (!frame) return std::unexpected(frame.error());
  // RFC 9649 §2.7.2, canvas assembly: no frame reaches over the canvas.
  if (frame->size.width > canvas.width || frame->left > canvas.width - frame->size.width ||
      frame->size.height > canvas.height || frame->top > canvas.height - frame->size.height) {
    return fail(ErrorCode::decode_error, "a frame outside the canvas");
  }
  auto picture = decode_still(frame->data, limits);
  if (!picture) return picture;
  const Dimensions size{picture->width(), picture->height()};
  if (size != frame->size) {
    return fail(ErrorCode::decode_error, "a frame of another size than its header says");
  }
  if (size == canvas) return picture;
  return place(*picture, *frame, canvas);
}

}  // namespace

Result<Decoded> WebpCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  WebPBitstreamFeatures features;
  const VP8StatusCode seen = WebPGetFeatures(data_of(bytes), bytes.size(), &features);
  if (seen != VP8_STATUS_OK) return fail(seen);
  auto image = features.has_animation != 0 ? decode_animation(bytes, size_of(features), limits)
                                           : decode_still(bytes, limits);
  if (!image) return std::unexpected(std::move(image).error());
  return Decoded{.image = std::move(*image)};
}

}  // namespace pixhaul::image
