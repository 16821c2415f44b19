#include "image/blur.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

// The arithmetic is compared with OpenCV's in tests/image/opencv_test.py; here is what must hold
// whatever the weights are.

namespace pixhaul::image {
namespace {

/// Columns of black and white, each `period` pixels wide.
Image stripes(std::uint32_t width, std::uint32_t height, std::uint32_t period,
              std::uint32_t channels = 3) {
  Image image(width, height, channels);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t i = 0; i < width * channels; ++i) {
      image.row(y)[i] = i / channels / period % 2 == 0 ? 0 : 255;
    }
  }
  return image;
}

std::vector<std::uint8_t> samples_of(const Image& image) {
  return {image.pixels().begin(), image.pixels().end()};
}

TEST(Blur, NoBoxesLeaveThePictureUntouched) {
  Image image = stripes(64, 48, 1);
  const auto before = samples_of(image);
  ASSERT_TRUE(blur_boxes(image, {}));
  EXPECT_EQ(samples_of(image), before);
}

// Between two boxes every level goes to float and back under an empty mask.
TEST(Blur, AllLevelsBetweenTheBoxesAreKept) {
  Image image(256, 64, 1);
  for (std::uint32_t y = 0; y < 64; ++y) {
    for (std::uint32_t x = 0; x < 256; ++x) image.row(y)[x] = static_cast<std::uint8_t>(x + y * 4);
  }
  const auto before = samples_of(image);
  const std::vector<Box> boxes{{0, 0, 0.05, 0.1}, {0.9, 0.8, 0.95, 0.9}};
  ASSERT_TRUE(blur_boxes(image, boxes));
  const auto after = samples_of(image);
  EXPECT_NE(after, before);
  for (std::size_t y = 16; y < 44; ++y) {
    const auto row = before.begin() + static_cast<std::ptrdiff_t>(y * 256);
    EXPECT_TRUE(std::equal(row, row + 256, after.begin() + (row - before.begin()))) << y;
  }
}

TEST(Blur, DetailInsideABoxIsGoneAndOutsideIsKept) {
  Image image = stripes(200, 100, 1);
  const auto before = samples_of(image);
  const std::vector<Box> boxes{{.left = 0.4, .top = 0.3, .right = 0.6, .bottom = 0.7}};
  ASSERT_TRUE(blur_boxes(image, boxes));
  for (std::uint32_t y = 35; y < 65; ++y) {
    for (std::uint32_t x = 88; x < 112; ++x)
      EXPECT_NEAR(image.row(y)[x * 3], 127, 3) << x << ' ' << y;
  }
  // 40 pixels grow by 4 on each side, and the kernel of 9 reaches 4 more.
  for (std::uint32_t y = 0; y < 100; ++y) {
    for (std::uint32_t x = 0; x < 200; ++x) {
      if (x >= 72 && x < 128 && y >= 22 && y < 78) continue;
      ASSERT_EQ(image.row(y)[x * 3], before[(std::size_t{y} * 200 + x) * 3]) << x << ' ' << y;
    }
  }
}

TEST(Blur, AnEvenColorStaysWithinALevel) {
  for (int level = 0; level < 256; level += 15) {
    Image image(90, 70, 1);
    std::ranges::fill(image.pixels(), static_cast<std::uint8_t>(level));
    const std::vector<Box> boxes{{0.1, 0.2, 0.5, 0.9}, {0.3, 0.1, 0.8, 0.4}};
    ASSERT_TRUE(blur_boxes(image, boxes));
    for (const std::uint8_t sample : image.pixels()) ASSERT_NEAR(sample, level, 1);
  }
}

TEST(Blur, BoxesOverTheEdgeAndTinyPicturesAreBlurredAsFarAsTheyGo) {
  const std::vector<Box> boxes{{-0.5, -0.5, 1.5, 1.5}, {0, 0, 1e300, 1}, {0.5, 0.5, 0.5, 0.5}};
  for (const std::uint32_t width : {1u, 2u, 3u, 17u}) {
    for (const std::uint32_t height : {1u, 2u, 5u}) {
      Image image = stripes(width, height, 1, 4);
      EXPECT_TRUE(blur_boxes(image, boxes)) << width << " x " << height;
    }
  }
}

TEST(Blur, BoxesTheWrongWayRoundHideNothing) {
  Image image = stripes(64, 48, 1);
  const auto before = samples_of(image);
  const std::vector<Box> boxes{{0.8, 0.8, 0.2, 0.2}};
  ASSERT_TRUE(blur_boxes(image, boxes));
  EXPECT_EQ(samples_of(image), before);
}

TEST(Blur, CoordinatesThatAreNoNumbersAreABadRow) {
  Image image = stripes(8, 8, 1);
  for (const double odd :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const std::vector<Box> boxes{{0, 0, odd, 1}};
    const auto blurred = blur_boxes(image, boxes);
    ASSERT_FALSE(blurred);
    EXPECT_EQ(blurred.error().code, ErrorCode::bad_row);
  }
}

}  // namespace
}  // namespace pixhaul::image
