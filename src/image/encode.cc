#include "image/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "image/encode_jpeg.h"
#include "image/encode_png.h"
#include "image/encode_webp.h"

namespace pixhaul::image {
namespace {

struct Encoder {
  ImageFormat format;
  int least_quality;
  int most_quality;
  std::string_view scale;
  Result<Buffer> (*encode)(const Image& image, int quality);
};

// A new format is its file and a line here.
constexpr std::array<Encoder, 3> kEncoders = {{
    {ImageFormat::jpeg, 1, 100, "a JPEG's quality is 1 to 100", encode_jpeg},
    {ImageFormat::png, 0, 9, "a PNG's quality is zlib's level, 0 to 9", encode_png},
    {ImageFormat::webp, 1, std::numeric_limits<int>::max(),
     "a WebP's quality is 1 to 100, and above that without loss", encode_webp},
}};

const Encoder* find_encoder(ImageFormat format) {
  const auto* found = std::ranges::find(kEncoders, format, &Encoder::format);
  return found == kEncoders.end() ? nullptr : found;
}

std::unexpected<Error> bad_option(std::string detail) {
  return std::unexpected(Error{.code = ErrorCode::bad_option, .detail = std::move(detail)});
}

}  // namespace

Result<> check_encoding(const EncodeSettings& settings) {
  const Encoder* encoder = find_encoder(settings.format);
  if (encoder == nullptr) return bad_option("images are written as jpg, png or webp");
  if (settings.quality < encoder->least_quality || settings.quality > encoder->most_quality) {
    return bad_option(fmt::format("{}; it is {}", encoder->scale, settings.quality));
  }
  return {};
}

Result<Buffer> encode(const Image& image, const EncodeSettings& settings) {
  const Encoder* encoder = find_encoder(settings.format);
  PIXHAUL_CHECK(encoder != nullptr);
  return encoder->encode(image, settings.quality);
}

}  // namespace pixhaul::image
