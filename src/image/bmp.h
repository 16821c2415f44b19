#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// BMP by a decoder of our own: 1 to 32 bit, uncompressed, RLE4, RLE8 and bit fields.
class BmpCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
