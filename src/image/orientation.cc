#include "image/orientation.h"

#include <algorithm>
#include <array>
#include <cstring>

// Every orientation is one walk: the target is filled row by row, and the source is read with two
// strides, one for a step to the right and one for a step down. Quarter turns read a new row for
// every pixel, so they go by tiles that stay in the first-level cache.

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kTile = 32;  // rows and columns: 2 × 32 × 32 × 4 bytes

/// Where the target's first pixel lies in the source, and the way from one to the next, in bytes.
struct Walk {
  std::ptrdiff_t start = 0;
  std::ptrdiff_t right = 0;
  std::ptrdiff_t down = 0;
};

Walk walk_of(const Image& image, Orientation orientation) {
  const auto pixel = static_cast<std::ptrdiff_t>(image.channels());
  const auto row = static_cast<std::ptrdiff_t>(image.stride_bytes());
  const std::ptrdiff_t last_row = row * (image.height() - std::ptrdiff_t{1});
  const std::ptrdiff_t last_column = row - pixel;
  switch (orientation) {
    case Orientation::top_left:
      break;
    case Orientation::top_right:
      return {last_column, -pixel, row};
    case Orientation::bottom_right:
      return {last_row + last_column, -pixel, -row};
    case Orientation::bottom_left:
      return {last_row, pixel, -row};
    case Orientation::left_top:
      return {0, row, pixel};
    case Orientation::right_top:
      return {last_row, -row, pixel};
    case Orientation::right_bottom:
      return {last_row + last_column, -row, -pixel};
    case Orientation::left_bottom:
      return {last_column, row, -pixel};
  }
  return {0, pixel, row};
}

template <std::size_t kChannels>
void copy_tile(const std::uint8_t* from, const Walk& walk, Image& to, std::uint32_t left,
               std::uint32_t top) {
  const std::uint32_t right = std::min(left + kTile, to.width());
  const std::uint32_t bottom = std::min(top + kTile, to.height());
  for (std::uint32_t y = top; y < bottom; ++y) {
    std::uint8_t* target = to.row(y).data() + std::size_t{left} * kChannels;
    std::ptrdiff_t source = walk.start + walk.down * y + walk.right * left;
    for (std::uint32_t x = left; x < right; ++x, target += kChannels, source += walk.right) {
      std::memcpy(target, from + source, kChannels);
    }
  }
}

template <std::size_t kChannels>
void copy_tiles(const Image& from, const Walk& walk, Image& to) {
  for (std::uint32_t top = 0; top < to.height(); top += kTile) {
    for (std::uint32_t left = 0; left < to.width(); left += kTile) {
      copy_tile<kChannels>(from.pixels().data(), walk, to, left, top);
    }
  }
}

using CopyTiles = void (*)(const Image&, const Walk&, Image&);
constexpr std::array<CopyTiles, 4> kCopyTiles = {copy_tiles<1>, copy_tiles<2>, copy_tiles<3>,
                                                 copy_tiles<4>};

}  // namespace

Image turned_upright(Image image, Orientation orientation) {
  if (orientation == Orientation::top_left) return image;
  const bool is_turned = is_transposed(orientation);
  Image upright(is_turned ? image.height() : image.width(),
                is_turned ? image.width() : image.height(), image.channels());
  kCopyTiles[image.channels() - 1](image, walk_of(image, orientation), upright);
  return upright;
}

}  // namespace pixhaul::image
