#include "image/jpeg.h"

#include <cstdio>
#include <optional>
#include <vector>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "image/jpeg_reader.h"

namespace pixhaul::image {
namespace {

/// What to ask libjpeg for; nothing for colour spaces that are none (two components, five).
std::optional<J_COLOR_SPACE> output_space(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE:
      return JCS_GRAYSCALE;
    case JCS_RGB:
    case JCS_YCbCr:
      return JCS_RGB;
    case JCS_CMYK:
    case JCS_YCCK:
      return JCS_CMYK;
    default:
      return std::nullopt;
  }
}

// Without a profile, as OpenCV and browsers do: R = C × K with the inks inverted, which is how
// Adobe programs store them.
void cmyk_to_rgb(const std::uint8_t* inks, std::span<std::uint8_t> row, bool is_inverted) {
  const unsigned flip = is_inverted ? 0 : 255;
  for (std::size_t x = 0; x < row.size(); x += 3, inks += 4) {
    const unsigned black = inks[3] ^ flip;
    for (std::size_t i = 0; i < 3; ++i) {
      row[x + i] = static_cast<std::uint8_t>(((inks[i] ^ flip) * black + 127) / 255);
    }
  }
}

void read_rows(jpeg_decompress_struct& jpeg, Image& image, std::span<std::uint8_t> inks) {
  while (jpeg.output_scanline < jpeg.output_height) {
    const std::span<std::uint8_t> row = image.row(jpeg.output_scanline);
    JSAMPROW target = inks.empty() ? row.data() : inks.data();
    jpeg_read_scanlines(&jpeg, &target, 1);
    if (!inks.empty()) cmyk_to_rgb(inks.data(), row, jpeg.saw_Adobe_marker == TRUE);
  }
}

Error unsupported(std::string detail) {
  return {.code = ErrorCode::unsupported_format, .detail = std::move(detail)};
}

}  // namespace

Result<Decoded> JpegCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  return decode_jpeg_shrunk(bytes, limits, 1);
}

Result<Decoded> decode_jpeg_shrunk(Bytes bytes, const DecodeLimits& limits,
                                   std::uint32_t denominator) {
  JpegReader reader;
  if (auto opened = reader.open(bytes, limits); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  jpeg_decompress_struct& jpeg = reader.jpeg();
  const auto space = output_space(jpeg.jpeg_color_space);
  if (!space) return std::unexpected(unsupported("JPEG of an unknown colour space"));

  jpeg.out_color_space = *space;
  const std::uint32_t channels = *space == JCS_GRAYSCALE ? 1 : 3;
  const auto shrunk = [&](std::uint32_t side) { return (side + denominator - 1) / denominator; };
  jpeg.scale_num = 1;
  jpeg.scale_denom = denominator;
  Decoded decoded{.image = Image(shrunk(jpeg.image_width), shrunk(jpeg.image_height), channels),
                  .is_cmyk = *space == JCS_CMYK};
  std::vector<std::uint8_t> inks(*space == JCS_CMYK ? std::size_t{decoded.image.width()} * 4 : 0);
  auto whole = reader.run([&] {
    jpeg_start_decompress(&jpeg);
    read_rows(jpeg, decoded.image, inks);
    jpeg_finish_decompress(&jpeg);
  });
  if (!whole) return std::unexpected(std::move(whole).error());
  decoded.warning = reader.take_warning();
  return decoded;
}

}  // namespace pixhaul::image
