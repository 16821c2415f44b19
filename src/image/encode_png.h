#pragma once

#include "base/buffer.h"
#include "image/image.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

/// PNG of the image's channels. `level`: zlib's, 0 to 9. Errors: internal.
[[nodiscard]] Result<Buffer> encode_png(const Image& image, int level);

}  // namespace pixhaul::image
