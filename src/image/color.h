#pragma once

#include "image/image.h"

namespace pixhaul::image {

/// The picture before white: channels 4 become 3 and 2 become 1; others are given back as they are.
/// As img2dataset's resizer (1.47): colour × alpha / 255 + 255 - alpha, rounded half to even.
[[nodiscard]] Image on_white(Image image);

/// One channel becomes three equal ones; others are given back as they are. REQUIRES: no alpha.
[[nodiscard]] Image as_rgb(Image image);

}  // namespace pixhaul::image
