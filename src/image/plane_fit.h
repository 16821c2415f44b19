#pragma once

#include "image/filter.h"
#include "image/resize.h"

namespace pixhaul::image {

/// One side of a picture that is resized and laid into an output. All in pixels.
struct PictureSide {
  std::uint32_t size = 0;     ///< of the picture
  std::uint32_t resized = 0;  ///< of the picture when resized
  std::uint32_t output = 0;
  std::int32_t offset = 0;  ///< of the resized picture in the output
};

/// One side of a plane: samples that stand for whole or parts of pixels.
struct PlaneSide {
  std::uint32_t size = 0;    ///< samples of the picture's plane
  double density = 1;        ///< its samples per pixel: 1, 0.5 for half resolution
  std::uint32_t pixels = 1;  ///< pixels in an output sample: 1 or 2
};

/// How that side of a plane is made.
struct PlaneFit {
  std::uint32_t begin = 0;  ///< output samples [begin, end) show some of the picture
  std::uint32_t end = 0;
  bool is_first_half = false;  ///< half of output sample `begin` lies before the picture
  bool is_last_half = false;   ///< half of the last one lies behind it, but within the output
  Mapping mapping{};           ///< of output sample `begin` and those behind it
  Kernel kernel = Kernel::area_shrink;
};

/// REQUIRES: sides above 0; the resized picture and the output overlap; not `nearest`.
[[nodiscard]] PlaneFit fit_plane(const PictureSide& picture, const PlaneSide& plane,
                                 Interpolation interpolation);

}  // namespace pixhaul::image
