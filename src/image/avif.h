#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// Loads libavif, which is otherwise loaded at the first picture.
void load_avif();

/// AVIF by libavif with dav1d: 8 to 12 bit, grids, of a sequence the first frame.
class AvifCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
