#pragma once

#include "image/image.h"
#include "image/probe_step.h"

namespace pixhaul::image {

/// How pixels between pixels are made. The numbers are those of OpenCV's cv::resize for 8 bits
/// (INTER_NEAREST, INTER_LINEAR, INTER_CUBIC, INTER_AREA, INTER_LANCZOS4) within a level:
/// only `area` widens its filter when it shrinks; the others look at 1, 2, 4 and 8 neighbours a
/// side. `area` that enlarges a side is OpenCV's variant of `linear`, which keeps pixels apart.
enum class Interpolation : std::uint8_t { nearest, linear, cubic, area, lanczos };

/// Borrowed samples: rows of `width` pixels of 1 to 4 interleaved channels of 8 bit each.
template <class Sample>
struct PlaneOf {
  Sample* samples = nullptr;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 1;
  std::size_t stride_bytes = 0;

  [[nodiscard]] Sample* row(std::size_t y) const { return samples + y * stride_bytes; }
};
using Plane = PlaneOf<std::uint8_t>;
using ConstPlane = PlaneOf<const std::uint8_t>;

[[nodiscard]] ConstPlane plane_of(const Image& image);
[[nodiscard]] Plane plane_of(Image& image);

/// The whole of `from` onto the whole of `to`. The same bytes on every processor.
/// REQUIRES: no side 0, equal channels 1 to 4, no overlap.
void resize(const ConstPlane& from, const Plane& to, Interpolation interpolation);

/// REQUIRES: no side 0; the memory of the result is taken at once.
[[nodiscard]] Image resize(const Image& from, const Dimensions& to, Interpolation interpolation);

}  // namespace pixhaul::image
