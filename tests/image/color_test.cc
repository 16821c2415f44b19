#include "image/color.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace pixhaul::image {
namespace {

// img2dataset's expression in double, for all 65,536 pairs.
TEST(OnWhite, EqualsImg2datasetsFormulaForEveryColorAndAlpha) {
  Image image(256, 256, 2);
  for (std::uint32_t alpha = 0; alpha < 256; ++alpha) {
    for (std::uint32_t color = 0; color < 256; ++color) {
      image.row(alpha)[color * 2] = static_cast<std::uint8_t>(color);
      image.row(alpha)[color * 2 + 1] = static_cast<std::uint8_t>(alpha);
    }
  }
  const Image opaque = on_white(std::move(image));
  ASSERT_EQ(opaque.channels(), 1u);
  for (std::uint32_t alpha = 0; alpha < 256; ++alpha) {
    for (std::uint32_t color = 0; color < 256; ++color) {
      const double want = std::nearbyint(color * (alpha / 255.0) + 255 - alpha);
      ASSERT_EQ(opaque.row(alpha)[color], want) << color << " under " << alpha;
    }
  }
}

TEST(OnWhite, KeepsTheOrderOfChannels) {
  Image image(1, 1, 4);
  std::ranges::copy(std::array<std::uint8_t, 4>{10, 20, 30, 128}, image.pixels().begin());
  const Image opaque = on_white(std::move(image));
  ASSERT_EQ(opaque.channels(), 3u);
  EXPECT_EQ(opaque.row(0)[0], 132);
  EXPECT_EQ(opaque.row(0)[1], 137);
  EXPECT_EQ(opaque.row(0)[2], 142);
}

TEST(OnWhite, OpaqueImagesAreGivenBack) {
  Image image(3, 2, 3);
  const std::uint8_t* const pixels = image.pixels().data();
  EXPECT_EQ(on_white(std::move(image)).pixels().data(), pixels);
}

TEST(AsRgb, RepeatsGreyAndLeavesColor) {
  Image grey(2, 1, 1);
  grey.row(0)[0] = 7;
  grey.row(0)[1] = 200;
  const Image rgb = as_rgb(std::move(grey));
  ASSERT_EQ(rgb.channels(), 3u);
  EXPECT_EQ(std::vector<int>(rgb.pixels().begin(), rgb.pixels().end()),
            (std::vector{7, 7, 7, 200, 200, 200}));
}

}  // namespace
}  // namespace pixhaul::image
