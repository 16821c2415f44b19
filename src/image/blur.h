#pragma once

#include <span>

#include "image/image.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

/// A rectangle in parts of the picture: 0 is its left or top edge, 1 its right or bottom one.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
  bool operator==(const Box&) const = default;
};

/// Blurs the picture inside the boxes, each grown by a tenth of its longer side, in place, with the
/// arithmetic of img2dataset's BoundingBoxBlurrer since 1.46: picture and mask are smoothed with
/// one Gaussian kernel whose size grows with the largest box. No boxes leave the picture untouched.
/// Coordinates outside [-1, 2] count as those limits. Memory: 8 bytes a sample of the region that
/// changes. Errors: bad_row for a coordinate that is no number.
[[nodiscard]] Result<> blur_boxes(Image& image, std::span<const Box> boxes);

}  // namespace pixhaul::image
