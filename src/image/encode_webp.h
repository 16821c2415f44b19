#pragma once

#include "base/buffer.h"
#include "image/image.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

/// WebP in RGB or, with 2 or 4 channels, RGB and alpha. `quality`: 1 to 100; above without loss, as
/// OpenCV has it. Errors: too_many_pixels.
[[nodiscard]] Result<Buffer> encode_webp(const Image& image, int quality);

}  // namespace pixhaul::image
