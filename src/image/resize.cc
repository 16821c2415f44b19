#include "image/resize.h"

#include <cstring>

#include "image/filter.h"
#include "image/resample.h"

namespace pixhaul::image {
namespace {

// cv::resize takes the scale as the reciprocal of output by input, which decides where `nearest`
// falls between two samples.
Mapping whole(std::uint32_t input_size, std::uint32_t output_size) {
  return {.scale = 1 / (static_cast<double>(output_size) / input_size),
          .end = static_cast<double>(input_size)};
}

Kernel kernel_of(Interpolation interpolation, const Mapping& x, const Mapping& y) {
  switch (interpolation) {
    case Interpolation::cubic:
      return Kernel::cubic;
    case Interpolation::lanczos:
      return Kernel::lanczos;
    case Interpolation::area:
      // A side that enlarges makes the whole resize OpenCV's variant of linear.
      return x.scale >= 1 && y.scale >= 1 ? Kernel::area_shrink : Kernel::area_enlarge;
    default:
      return Kernel::linear;
  }
}

void copy(const ConstPlane& from, const Plane& to) {
  const std::size_t row_bytes = std::size_t{to.width} * to.channels;
  for (std::uint32_t y = 0; y < to.height; ++y) std::memcpy(to.row(y), from.row(y), row_bytes);
}

template <std::size_t kChannels>
void pick(const std::uint8_t* from, std::span<const std::uint32_t> columns, std::uint8_t* to) {
  for (const std::uint32_t column : columns) {
    std::memcpy(to, from + column * kChannels, kChannels);
    to += kChannels;
  }
}

void resize_nearest(const ConstPlane& from, const Plane& to, const Mapping& x, const Mapping& y) {
  constexpr decltype(&pick<1>) kPicks[] = {pick<1>, pick<2>, pick<3>, pick<4>};
  const auto columns = nearest_samples(x, from.width, to.width);
  const auto rows = nearest_samples(y, from.height, to.height);
  for (std::uint32_t i = 0; i < to.height; ++i) {
    kPicks[from.channels - 1](from.row(rows[i]), columns, to.row(i));
  }
}

}  // namespace

ConstPlane plane_of(const Image& image) {
  return {.samples = image.pixels().data(),
          .width = image.width(),
          .height = image.height(),
          .channels = image.channels(),
          .stride_bytes = image.stride_bytes()};
}

Plane plane_of(Image& image) {
  return {.samples = image.pixels().data(),
          .width = image.width(),
          .height = image.height(),
          .channels = image.channels(),
          .stride_bytes = image.stride_bytes()};
}

void resize(const ConstPlane& from, const Plane& to, Interpolation interpolation) {
  PIXHAUL_CHECK(from.channels == to.channels && from.channels >= 1 && from.channels <= 4);
  PIXHAUL_CHECK(from.width > 0 && from.height > 0 && to.width > 0 && to.height > 0);
  if (from.width == to.width && from.height == to.height) return copy(from, to);
  const Mapping x = whole(from.width, to.width);
  const Mapping y = whole(from.height, to.height);
  if (interpolation == Interpolation::nearest) return resize_nearest(from, to, x, y);
  const Kernel kernel = kernel_of(interpolation, x, y);
  resample(from, to, make_filter(kernel, x, from.width, to.width),
           make_filter(kernel, y, from.height, to.height));
}

Image resize(const Image& from, const Dimensions& to, Interpolation interpolation) {
  Image image(to.width, to.height, from.channels());
  resize(plane_of(from), plane_of(image), interpolation);
  return image;
}

}  // namespace pixhaul::image
