#pragma once

#include "base/buffer.h"
#include "image/codec.h"
#include "image/resize.h"

namespace pixhaul::image {

/// What becomes of a grey JPEG.
enum class Grey : std::uint8_t {
  to_color,  ///< three components, neutral colour
  keep,      ///< one component
};

/// A JPEG made of a JPEG: `resized` is the size of the whole picture, of which the part that meets
/// the output is made; `left` and `top` are where the resized picture begins in the output.
/// Negative: that much is cut off (center_crop); positive: white is put before it (border).
/// Whatever the picture does not cover is white. Any offsets and sizes, odd ones too.
struct PlanesPlan {
  Dimensions resized{};
  Dimensions output{};
  std::int32_t left = 0;
  std::int32_t top = 0;
  Interpolation interpolation = Interpolation::area;
  Grey grey = Grey::to_color;
  int quality = 95;  ///< 1 to 100
};

/// The colour model of a JPEG's components, as libjpeg understands its markers.
enum class JpegColor : std::uint8_t { grey, ycc, other };

struct JpegFacts {
  Dimensions size{};
  JpegColor color = JpegColor::other;
  /// Of all components together, as they are coded: 1.5 times the pixels with 4:2:0.
  std::uint64_t sample_count = 0;
  bool has_many_scans = false;  ///< progressive, for one: all coefficients are held at once
};

/// From the header alone, some microseconds.
/// Errors: truncated, decode_error, unsupported_format, too_many_pixels.
[[nodiscard]] Result<JpegFacts> read_jpeg_facts(Bytes jpeg, const DecodeLimits& limits);

/// False for what must go through RGB: CMYK, YCCK and RGB files, and `nearest` that changes the
/// size.
[[nodiscard]] bool can_stay_in_planes(const JpegFacts& facts, const PlanesPlan& plan);

/// A JPEG as `encode()` writes it.
struct PlanesJpeg {
  Buffer bytes{};
  std::string warning{};  ///< as in Decoded
};

/// Decodes to luminance and colour planes, resizes each and encodes them: no conversion to RGB and
/// back, and half the samples. `area` lets libjpeg shrink by 2, 4 or 8 first while at least twice
/// the size wanted is left.
/// REQUIRES: can_stay_in_planes; no side 0; sides of the output at most 65500.
/// Errors: as JpegCodec::decode().
[[nodiscard]] Result<PlanesJpeg> resize_in_planes(Bytes jpeg, const PlanesPlan& plan,
                                                  const DecodeLimits& limits);

}  // namespace pixhaul::image
