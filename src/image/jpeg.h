#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// JPEG by libjpeg-turbo: baseline, progressive, arithmetic; grey, YCbCr, RGB, CMYK, YCCK.
class JpegCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
