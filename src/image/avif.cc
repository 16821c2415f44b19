#include "image/avif.h"

#include <avif/avif.h>
#include <dlfcn.h>

#include <algorithm>
#include <memory>

// libavif over dav1d, which decodes in half of libaom's time. Parsing takes no memory for pixels,
// so our limits are looked at between parsing and decoding; dav1d gets the same limit, since a
// frame inside may be larger than the container says.
//
// The library brings 26 others with it (every AV1 codec there is), which cost each start of the
// command 3.6 ms; so it is loaded when the first AVIF is decoded, by the soname it was built
// against, and never unloaded.

namespace pixhaul::image {
namespace {

/// The functions of libavif that are used here.
struct Library {
  decltype(&::avifCodecName) codec_name = nullptr;
  decltype(&::avifDecoderCreate) create = nullptr;
  decltype(&::avifDecoderDestroy) destroy = nullptr;
  decltype(&::avifDecoderNextImage) next_image = nullptr;
  decltype(&::avifDecoderParse) parse = nullptr;
  decltype(&::avifDecoderSetIOMemory) set_memory = nullptr;
  decltype(&::avifImageYUVToRGB) to_rgb = nullptr;
  decltype(&::avifRGBImageSetDefaults) set_defaults = nullptr;
  decltype(&::avifResultToString) result_text = nullptr;
  bool is_loaded = true;
};

template <class Function>
void bind(Library& library, void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr) library.is_loaded = false;
}

Library load() {
  Library library;
  void* handle = dlopen(PIXHAUL_AVIF_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.is_loaded = false;
    return library;
  }
  bind(library, handle, "avifCodecName", library.codec_name);
  bind(library, handle, "avifDecoderCreate", library.create);
  bind(library, handle, "avifDecoderDestroy", library.destroy);
  bind(library, handle, "avifDecoderNextImage", library.next_image);
  bind(library, handle, "avifDecoderParse", library.parse);
  bind(library, handle, "avifDecoderSetIOMemory", library.set_memory);
  bind(library, handle, "avifImageYUVToRGB", library.to_rgb);
  bind(library, handle, "avifRGBImageSetDefaults", library.set_defaults);
  bind(library, handle, "avifResultToString", library.result_text);
  return library;
}

const Library& avif() {
  static const Library kLibrary = load();
  return kLibrary;
}

struct DecoderDeleter {
  void operator()(avifDecoder* decoder) const { avif().destroy(decoder); }
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
      Error{.code = code, .detail = std::string("AVIF: ") + avif().result_text(result)});
}

Decoder make_decoder() {
  Decoder decoder(avif().create());
  PIXHAUL_CHECK(decoder != nullptr);
  const bool has_dav1d =
      avif().codec_name(AVIF_CODEC_CHOICE_DAV1D, AVIF_CODEC_FLAG_CAN_DECODE) != nullptr;
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
  avif().set_defaults(&rgb, &picture);
  rgb.depth = 8;
  rgb.format = has_alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  rgb.pixels = image.pixels().data();
  rgb.rowBytes = static_cast<std::uint32_t>(image.stride_bytes());
  const avifResult converted = avif().to_rgb(&picture, &rgb);
  if (converted != AVIF_RESULT_OK) return failure(converted);
  return image;
}

Result<> check_size(const avifImage& picture, const DecodeLimits& limits) {
  return check_dimensions({picture.width, picture.height}, limits);
}

}  // namespace

void load_avif() { (void)avif(); }

Result<Decoded> AvifCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  if (!avif().is_loaded) {
    return std::unexpected(
        Error{.code = ErrorCode::unsupported_format,
              .detail = "AVIF needs " PIXHAUL_AVIF_SONAME ", which is not here"});
  }
  const Decoder decoder = make_decoder();
  avifResult result = avif().set_memory(
      decoder.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (result == AVIF_RESULT_OK) result = avif().parse(decoder.get());
  if (result != AVIF_RESULT_OK) return failure(result);
  if (auto allowed = check_size(*decoder->image, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  decoder->imageSizeLimit = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(limits.max_pixels, decoder->imageSizeLimit));
  result = avif().next_image(decoder.get());
  if (result != AVIF_RESULT_OK) return failure(result);
  if (auto allowed = check_size(*decoder->image, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  auto image = to_image(*decoder->image);
  if (!image) return std::unexpected(std::move(image).error());
  return Decoded{.image = std::move(*image)};
}

}  // namespace pixhaul::image
