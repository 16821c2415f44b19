#include "image/plane_fit.h"

#include <gtest/gtest.h>

namespace pixhaul::image {
namespace {

constexpr PlaneSide kLuminance{.size = 500, .density = 1, .pixels = 1};
constexpr PlaneSide kHalfColor{.size = 250, .density = 0.5, .pixels = 2};

PlaneFit fit(const PictureSide& picture, const PlaneSide& plane,
             Interpolation interpolation = Interpolation::area) {
  return fit_plane(picture, plane, interpolation);
}

TEST(PlaneFit, AWholePictureFillsItsPlanes) {
  const PictureSide side{.size = 500, .resized = 100, .output = 100};
  const PlaneFit luminance = fit(side, kLuminance);
  EXPECT_EQ(luminance.begin, 0u);
  EXPECT_EQ(luminance.end, 100u);
  EXPECT_DOUBLE_EQ(luminance.mapping.scale, 5);
  const PlaneFit color = fit(side, kHalfColor);
  EXPECT_EQ(color.end, 50u);
  EXPECT_DOUBLE_EQ(color.mapping.scale, 5);
  EXPECT_DOUBLE_EQ(color.mapping.end, 250);
  EXPECT_FALSE(color.is_first_half || color.is_last_half);
}

// 341 pixels cut to 256 from pixel 43 on: colour sample 0 stands for pixels 43 and 44.
TEST(PlaneFit, ACropMayBeginBetweenColourSamples) {
  const PictureSide side{.size = 682, .resized = 341, .output = 256, .offset = -43};
  const PlaneFit color = fit(side, {.size = 341, .density = 0.5, .pixels = 2});
  EXPECT_EQ(color.begin, 0u);
  EXPECT_EQ(color.end, 128u);
  EXPECT_DOUBLE_EQ(color.mapping.scale, 2);
  EXPECT_DOUBLE_EQ(color.mapping.begin, 43);
  EXPECT_FALSE(color.is_first_half || color.is_last_half);
}

// 171 pixels laid into 256 from pixel 43 on: the last is pixel 213.
TEST(PlaneFit, ABorderSharesColourSamplesWithThePicture) {
  const PictureSide side{.size = 342, .resized = 171, .output = 256, .offset = 43};
  const PlaneFit color = fit(side, {.size = 171, .density = 0.5, .pixels = 2});
  EXPECT_EQ(color.begin, 21u);
  EXPECT_EQ(color.end, 107u);
  EXPECT_DOUBLE_EQ(color.mapping.begin, -1);
  EXPECT_TRUE(color.is_first_half);
  EXPECT_FALSE(color.is_last_half);
  const PlaneFit one_before = fit({.size = 342, .resized = 171, .output = 256, .offset = 42},
                                  {.size = 171, .density = 0.5, .pixels = 2});
  EXPECT_FALSE(one_before.is_first_half);
  EXPECT_TRUE(one_before.is_last_half);
}

TEST(PlaneFit, TheLastSampleOfAnOddSideIsHalfEmpty) {
  const PlaneFit color =
      fit({.size = 501, .resized = 101, .output = 101}, {.size = 251, .density = 0.5, .pixels = 2});
  EXPECT_EQ(color.end, 51u);
  EXPECT_DOUBLE_EQ(color.mapping.end, 250.5);
  EXPECT_DOUBLE_EQ(color.mapping.scale, 2 * 501.0 / 101 * 0.5);
  EXPECT_FALSE(color.is_last_half);  // nothing lies beside the picture
}

TEST(PlaneFit, FullResolutionColourIsAveragedByAnyInterpolation) {
  const PictureSide side{.size = 300, .resized = 200, .output = 200};
  const PlaneSide full_color{.size = 300, .density = 1, .pixels = 2};
  EXPECT_EQ(fit(side, full_color, Interpolation::lanczos).kernel, Kernel::area_shrink);
  EXPECT_EQ(fit(side, {.size = 150, .density = 0.5, .pixels = 2}, Interpolation::lanczos).kernel,
            Kernel::lanczos);
}

TEST(PlaneFit, AreaEnlargesOnlyWhereThePictureDoes) {
  const PlaneSide quarter_color{.size = 75, .density = 0.25, .pixels = 2};
  EXPECT_EQ(fit({.size = 300, .resized = 200, .output = 200}, quarter_color).kernel,
            Kernel::linear);
  EXPECT_EQ(fit({.size = 300, .resized = 400, .output = 400}, quarter_color).kernel,
            Kernel::area_enlarge);
}

}  // namespace
}  // namespace pixhaul::image
