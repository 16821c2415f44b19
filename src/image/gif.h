#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// GIF by giflib: the first frame on its canvas, which is transparent where the frame is not.
class GifCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
