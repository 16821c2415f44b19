#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// JPEG by libjpeg-turbo: baseline, progressive, arithmetic; grey, YCbCr, RGB, CMYK, YCCK.
class JpegCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

/// The same in a size that libjpeg makes on the way: sides divided by 1, 2, 4 or 8 and rounded up.
/// A fraction of the work.
[[nodiscard]] Result<Decoded> decode_jpeg_shrunk(Bytes bytes, const DecodeLimits& limits,
                                                 std::uint32_t denominator);

}  // namespace pixhaul::image
