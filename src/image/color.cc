#include "image/color.h"

namespace pixhaul::image {
namespace {

// img2dataset computes color * alpha / 255 + 255 - alpha in double and rounds half to even. A half
// cannot occur (255 is odd), and no other value lies within 1/510 of one, so integers give the
// same.
std::uint8_t matted(std::uint8_t color, std::uint8_t alpha) {
  return static_cast<std::uint8_t>((color * alpha + 127) / 255 + 255 - alpha);
}

template <std::size_t kColors>
Image matted_image(const Image& image) {
  Image opaque(image.width(), image.height(), kColors);
  const std::uint8_t* from = image.pixels().data();
  std::uint8_t* to = opaque.pixels().data();
  const std::uint8_t* const end = to + opaque.size_bytes();
  for (; to != end; to += kColors, from += kColors + 1) {
    for (std::size_t i = 0; i < kColors; ++i) to[i] = matted(from[i], from[kColors]);
  }
  return opaque;
}

}  // namespace

Image on_white(Image image) {
  switch (image.channels()) {
    case 2:
      return matted_image<1>(image);
    case 4:
      return matted_image<3>(image);
    default:
      return image;
  }
}

Image as_rgb(Image image) {
  if (image.channels() != 1) return image;
  Image rgb(image.width(), image.height(), 3);
  std::uint8_t* to = rgb.pixels().data();
  for (const std::uint8_t grey : image.pixels()) {
    to[0] = to[1] = to[2] = grey;
    to += 3;
  }
  return rgb;
}

}  // namespace pixhaul::image
