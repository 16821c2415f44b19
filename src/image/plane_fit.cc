#include "image/plane_fit.h"

#include <algorithm>

#include "base/check.h"

namespace pixhaul::image {
namespace {

// Where a sample must stand for more of the plane than the picture's own pixels do (colour of a
// 4:4:4 file, kept at half resolution), the mean of what it covers is right for any interpolation:
// it is what an encoder would take of the resized pixels.
Kernel kernel_of(Interpolation interpolation, double pixel_scale, const PlaneSide& plane,
                 const Mapping& mapping) {
  const bool is_mean = plane.density * plane.pixels > 1 && mapping.scale >= 1;
  if (is_mean) return Kernel::area_shrink;
  switch (interpolation) {
    case Interpolation::cubic:
      return Kernel::cubic;
    case Interpolation::lanczos:
      return Kernel::lanczos;
    case Interpolation::area:
      if (mapping.scale >= 1) return Kernel::area_shrink;
      // Colour of a file that keeps little of it is enlarged while the picture shrinks.
      return pixel_scale >= 1 ? Kernel::linear : Kernel::area_enlarge;
    default:
      return Kernel::linear;
  }
}

}  // namespace

PlaneFit fit_plane(const PictureSide& picture, const PlaneSide& plane,
                   Interpolation interpolation) {
  const std::int64_t step = plane.pixels;
  const std::int64_t from = std::max<std::int64_t>(picture.offset, 0);
  const std::int64_t picture_end = std::int64_t{picture.offset} + picture.resized;
  const std::int64_t to = std::min<std::int64_t>(picture_end, picture.output);
  PIXHAUL_CHECK(from < to);

  PlaneFit fit;
  fit.begin = static_cast<std::uint32_t>(from / step);
  fit.end = static_cast<std::uint32_t>((to + step - 1) / step);
  fit.is_first_half = from % step != 0;
  fit.is_last_half = to % step != 0 && to < picture.output;
  const double pixel_scale = static_cast<double>(picture.size) / picture.resized;
  const double sample_scale = pixel_scale * plane.density;
  fit.mapping.scale = sample_scale * static_cast<double>(step);
  fit.mapping.begin = static_cast<double>(fit.begin * step - picture.offset) * sample_scale;
  fit.mapping.end = std::min(picture.size * plane.density, static_cast<double>(plane.size));
  fit.kernel = kernel_of(interpolation, pixel_scale, plane, fit.mapping);
  return fit;
}

}  // namespace pixhaul::image
