#pragma once

#include "image/codec.h"

namespace pixhaul::image {

/// Loads libtiff, which is otherwise loaded at the first picture.
void load_tiff();

/// TIFF by libtiff, the first page: any bit depth and colour space becomes RGB, alpha is put on
/// white. Used only where `DecodeLimits::may_decode_tiff` says that a crash is contained.
class TiffCodec final : public Codec {
 public:
  [[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const override;
};

}  // namespace pixhaul::image
