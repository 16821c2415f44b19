#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// WebP by libwebp: lossy, lossless, with alpha; of an animation the first frame on its canvas.
class WebpCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
