#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// PNG by libpng; of an animated one the picture in IDAT. Text, profiles and Exif are passed over.
class PngCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
