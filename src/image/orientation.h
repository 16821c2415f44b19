#pragma once

#include "image/image.h"

namespace pixhaul::image {

/// How stored pixels are to be turned to be seen upright. The values are those of the EXIF tag
/// 0x0112, named after the side that the first row and the first column belong to.
enum class Orientation : std::uint8_t {
  top_left = 1,      ///< as stored
  top_right = 2,     ///< mirrored left to right
  bottom_right = 3,  ///< half a turn
  bottom_left = 4,   ///< mirrored top to bottom
  left_top = 5,      ///< mirrored along the diagonal that starts top left
  right_top = 6,     ///< a quarter turn clockwise is due
  right_bottom = 7,  ///< mirrored along the other diagonal
  left_bottom = 8,   ///< a quarter turn counter-clockwise is due
};

/// Width and height change places.
[[nodiscard]] constexpr bool is_transposed(Orientation orientation) {
  return orientation >= Orientation::left_top;
}

/// The picture upright. `top_left` gives back the image itself.
[[nodiscard]] Image turned_upright(Image image, Orientation orientation);

}  // namespace pixhaul::image
