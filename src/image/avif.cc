#include "image/avif.h"

#include <avif/avif.h>

#include <algorithm>
#include <memory>

// libavif over dav1d, which decodes in half of libaom's time. Parsing takes no memory for pixels,
// so our limits are looked at between parsing and decoding; dav1d gets the same limit, since a
// frame inside may be larger than the container says.

namespace pixhaul::image {
namespace {

struct DecoderDeleter {
  void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};
using Decoder = std::unique_ptr<avifDecoder, DecoderDeleter>;

constexpr std::uint32_t kMostFrames = 100'000;  // listed by a sequence, of which one is decoded

std::unexpected<Error> failure(avifResult result) {
  ErrorCode code = ErrorCode::decode_error;
  switch (result) {
    case AVIF_RESULT_TRUNCATED_DATA:
      code = ErrorCode::truncated;
      break;
    case AVIF_RESULT_NOT_IMPLEMENTED:
    case AVIF_RESULT_NO_CODEC_AVAILABLE:
    case AVIF_RESULT_UNSUPPORTED_DEPTH:
      code = ErrorCode::unsupported_format;
      break;
    default:
      break;
  }
  return std::unexpected(
      Error{.code = code, .detail = std::string("AVIF: ") + avifResultToString(result)});
}

Decoder make_decoder() {
  Decoder decoder(avifDecoderCreate());
  PIXHAUL_CHECK(decoder != nullptr);
  const bool has_dav1d =
      avifCodecName(AVIF_CODEC_CHOICE_DAV1D, AVIF_CODEC_FLAG_CAN_DECODE) != nullptr;
  decoder->codecChoice = has_dav1d ? AVIF_CODEC_CHOICE_DAV1D : AVIF_CODEC_CHOICE_AUTO;
  decoder->maxThreads = 1;
  decoder->ignoreExif = AVIF_TRUE;
  decoder->ignoreXMP = AVIF_TRUE;
  decoder->imageCountLimit = kMostFrames;
  // Encoders in use leave out `pixi` or write an odd `clap`; browsers let both pass.
  decoder->strictFlags &=
      ~static_cast<avifStrictFlags>(AVIF_STRICT_PIXI_REQUIRED | AVIF_STRICT_CLAP_VALID);
  return decoder;
}

Result<Image> to_image(const avifImage& picture) {
  const bool has_alpha = picture.alphaPlane != nullptr;
  Image image(picture.width, picture.height, has_alpha ? 4 : 3);
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, &picture);
  rgb.depth = 8;
  rgb.format = has_alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  rgb.pixels = image.pixels().data();
  rgb.rowBytes = static_cast<std::uint32_t>(image.stride_bytes());
  const avifResult converted = avifImageYUVToRGB(&picture, &rgb);
  if (converted != AVIF_RESULT_OK) return failure(converted);
  return image;
}

Result<> check_size(const avifImage& picture, const DecodeLimits& limits) {
  return check_dimensions({picture.width, picture.height}, limits);
}

}  // namespace

Result<Decoded> AvifCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  const Decoder decoder = make_decoder();
  avifResult result = avifDecoderSetIOMemory(
      decoder.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (result == AVIF_RESULT_OK) result = avifDecoderParse(decoder.get());
  if (result != AVIF_RESULT_OK) return failure(result);
  if (auto allowed = check_size(*decoder->image, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  decoder->imageSizeLimit = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(limits.max_pixels, decoder->imageSizeLimit));
  result = avifDecoderNextImage(decoder.get());
  if (result != AVIF_RESULT_OK) return failure(result);
  if (auto allowed = check_size(*decoder->image, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  auto image = to_image(*decoder->image);
  if (!image) return std::unexpected(std::move(image).error());
  return Decoded{.image = std::move(*image)};
}

}  // namespace pixhaul::image
