#pragma once

#include "base/buffer.h"
#include "image/image.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

/// Baseline JPEG, 4:2:0. REQUIRES: 1 or 3 channels, quality 1 to 100. Errors: too_many_pixels.
[[nodiscard]] Result<Buffer> encode_jpeg(const Image& image, int quality);

}  // namespace pixhaul::image
