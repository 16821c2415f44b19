#pragma once

#include "base/buffer.h"
#include "image/image.h"
#include "pixhaul/outcome.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

/// What pictures are written as. `quality`:
///   jpeg  1 to 100, libjpeg's scale; baseline, colour at half resolution (4:2:0)
///   png   0 to 9, zlib's level
///   webp  1 and more; above 100 without loss
struct EncodeSettings {
  ImageFormat format = ImageFormat::jpeg;
  int quality = 95;
};

/// Whether `encode()` knows the format, and the quality is one of it. Errors: bad_option, in a
/// sentence.
[[nodiscard]] Result<> check_encoding(const EncodeSettings& settings);

/// A file that holds the picture and nothing else: no Exif, no profile. The same pixels and
/// settings give the same bytes. Grey stays grey but in WebP, which has none.
/// REQUIRES: check_encoding(settings); for JPEG no alpha: 1 or 3 channels.
/// Errors: too_many_pixels for sides that the format cannot hold (JPEG 65500, WebP 16383).
[[nodiscard]] Result<Buffer> encode(const Image& image, const EncodeSettings& settings);

}  // namespace pixhaul::image
