#include "image/transform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pixhaul::image {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

std::string reason(const Dimensions& size, const SizeFilters& filters) {
  const auto refusal = refuse_size(size, filters);
  if (!refusal) return "";
  EXPECT_EQ(refusal->code, ErrorCode::filtered);
  return refusal->detail;
}

TEST(RefuseSize, LooksAtTheShorterSideThenTheAreaThenTheShape) {
  const SizeFilters all{.min_image_size = 10, .max_image_area = 200, .max_aspect_ratio = 2};
  EXPECT_EQ(reason({9, 1000}, all), "image too small");
  EXPECT_EQ(reason({10, 1000}, all), "image area too large");
  EXPECT_EQ(reason({5, 11}, {.max_aspect_ratio = 2}), "aspect ratio too large");
  EXPECT_EQ(reason({10, 20}, all), "");
  EXPECT_EQ(reason({1, 4'000'000'000}, {}), "");
}

TEST(RefuseSize, LimitsThemselvesPass) {
  EXPECT_EQ(reason({10, 30}, {.min_image_size = 10}), "");
  EXPECT_EQ(reason({10, 30}, {.max_image_area = 300}), "");
  EXPECT_EQ(reason({10, 30}, {.max_image_area = 299.5}), "image area too large");
  EXPECT_EQ(reason({30, 10}, {.max_aspect_ratio = 3}), "");
  EXPECT_EQ(reason({30, 10}, {.max_image_area = kNoLimit, .max_aspect_ratio = 2.99}),
            "aspect ratio too large");
}

TEST(RefuseSize, AreaOfTheLongestSidesDoesNotOverflow) {
  EXPECT_EQ(reason({4'000'000'000, 4'000'000'000}, {.max_image_area = 1e18}),
            "image area too large");
}

struct Planned {
  const char* name;
  Dimensions source;
  ResizeMode mode;
  std::uint32_t image_size;
  Dimensions scaled;
  std::uint32_t crop_left, crop_top;
  std::uint32_t pad_left, pad_top;
  Dimensions result;
};

class Plans : public ::testing::TestWithParam<Planned> {};

TEST_P(Plans, HaveTheNumbersOfImg2dataset) {
  const Planned& want = GetParam();
  const Plan plan = make_plan(want.source, {.mode = want.mode, .image_size = want.image_size});
  EXPECT_EQ(plan.source, want.source);
  EXPECT_EQ(plan.scaled, want.scaled);
  EXPECT_EQ(plan.crop_left, want.crop_left);
  EXPECT_EQ(plan.crop_top, want.crop_top);
  EXPECT_EQ(plan.pad_left, want.pad_left);
  EXPECT_EQ(plan.pad_top, want.pad_top);
  EXPECT_EQ(plan.result, want.result);
  EXPECT_EQ(plan.is_resize_taken, want.mode != ResizeMode::no);
}

using enum ResizeMode;
INSTANTIATE_TEST_SUITE_P(
    Sizes, Plans,
    ::testing::Values(
        Planned{"NoneKeepsAll", {640, 481}, no, 256, {640, 481}, 0, 0, 0, 0, {640, 481}},
        Planned{"RatioShrinks", {640, 480}, keep_ratio, 256, {341, 256}, 0, 0, 0, 0, {341, 256}},
        Planned{"RatioEnlarges", {100, 50}, keep_ratio, 256, {512, 256}, 0, 0, 0, 0, {512, 256}},
        Planned{"RatioOfATallOne", {50, 99}, keep_ratio, 25, {25, 50}, 0, 0, 0, 0, {25, 50}},
        // 1025 / 2 = 512.5 and 1027 / 2 = 513.5: Python rounds both to even.
        Planned{"HalfDownToEven", {1025, 512}, keep_ratio, 256, {512, 256}, 0, 0, 0, 0, {512, 256}},
        Planned{"HalfUpToEven", {1027, 512}, keep_ratio, 256, {514, 256}, 0, 0, 0, 0, {514, 256}},
        Planned{
            "LongerSide", {640, 480}, keep_ratio_largest, 256, {256, 192}, 0, 0, 0, 0, {256, 192}},
        Planned{
            "CropOfAWideOne", {640, 480}, center_crop, 256, {341, 256}, 42, 0, 0, 0, {256, 256}},
        Planned{
            "CropOfATallOne", {480, 640}, center_crop, 256, {256, 341}, 0, 42, 0, 0, {256, 256}},
        Planned{"CropOfASquare", {300, 300}, center_crop, 256, {256, 256}, 0, 0, 0, 0, {256, 256}},
        Planned{"BorderOfAWideOne", {640, 479}, border, 256, {256, 192}, 0, 0, 0, 32, {256, 256}},
        Planned{"BorderOddBelow", {640, 481}, border, 255, {255, 192}, 0, 0, 0, 31, {255, 255}},
        Planned{"BorderOfATallOne", {10, 100}, border, 64, {6, 64}, 0, 0, 29, 0, {64, 64}},
        Planned{"BorderOfThatSize", {256, 256}, border, 256, {256, 256}, 0, 0, 0, 0, {256, 256}},
        Planned{"NeverBelowOne", {10'000, 1}, border, 256, {256, 1}, 0, 0, 0, 127, {256, 256}},
        Planned{
            "ALine", {1, 5'000}, keep_ratio, 256, {256, 1'280'000}, 0, 0, 0, 0, {256, 1'280'000}},
        Planned{"ALineCut",
                {1, 5'000},
                center_crop,
                256,
                {256, 1'280'000},
                0,
                639'872,
                0,
                0,
                {256, 256}},
        Planned{"TooLongForANumber",
                {1, 4'000'000'000},
                keep_ratio,
                256,
                {256, 4'294'967'295},
                0,
                0,
                0,
                0,
                {256, 4'294'967'295}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Plan, FilterDependsOnTheDecidingSideAlone) {
  const TransformSettings settings{.mode = keep_ratio,
                                   .image_size = 256,
                                   .upscale = Interpolation::cubic,
                                   .downscale = Interpolation::area};
  EXPECT_EQ(make_plan({1000, 257}, settings).interpolation, Interpolation::area);
  EXPECT_EQ(make_plan({1000, 256}, settings).interpolation, Interpolation::cubic);
  TransformSettings longer = settings;
  longer.mode = border;
  EXPECT_EQ(make_plan({257, 1}, longer).interpolation, Interpolation::area);
  EXPECT_EQ(make_plan({256, 256}, longer).interpolation, Interpolation::cubic);
}

TEST(Plan, OnlyIfBiggerLeavesOthersUncutAndWithoutBorder) {
  for (const ResizeMode mode : {keep_ratio, keep_ratio_largest, center_crop, border}) {
    const TransformSettings settings{
        .mode = mode, .image_size = 256, .resize_only_if_bigger = true};
    const Plan small = make_plan({256, 200}, settings);
    EXPECT_EQ(small.result, (Dimensions{256, 200}));
    EXPECT_FALSE(small.is_resize_taken);
    EXPECT_TRUE(make_plan({514, 257}, settings).is_resize_taken);
  }
  const TransformSettings crop{
      .mode = center_crop, .image_size = 256, .resize_only_if_bigger = true};
  EXPECT_EQ(make_plan({900, 256}, crop).result, (Dimensions{900, 256}));
}

// ---- carried out

/// Every pixel tells its place: (x, y, x ^ y).
Image numbered(std::uint32_t width, std::uint32_t height) {
  Image image(width, height, 3);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const auto pixel = image.row(y).subspan(x * 3, 3);
      pixel[0] = static_cast<std::uint8_t>(x);
      pixel[1] = static_cast<std::uint8_t>(y);
      pixel[2] = static_cast<std::uint8_t>(x ^ y);
    }
  }
  return image;
}

std::vector<int> pixel_at(const Image& image, std::uint32_t x, std::uint32_t y) {
  const auto pixel = image.row(y).subspan(std::size_t{x} * image.channels(), image.channels());
  return {pixel.begin(), pixel.end()};
}

Image made(const TransformSettings& settings, Image image, std::span<const Box> boxes = {}) {
  const Plan plan = make_plan({image.width(), image.height()}, settings);
  auto result = carry_out(plan, std::move(image), boxes);
  EXPECT_TRUE(result);
  return std::move(*result);
}

TEST(CarryOut, CropTakesTheMiddle) {
  const Image image = made({.mode = center_crop, .image_size = 10}, numbered(25, 10));
  ASSERT_EQ(image.width(), 10u);
  ASSERT_EQ(image.height(), 10u);
  EXPECT_EQ(pixel_at(image, 0, 0), (std::vector{7, 0, 7}));
  EXPECT_EQ(pixel_at(image, 9, 9), (std::vector{16, 9, 16 ^ 9}));
}

TEST(CarryOut, BorderIsWhiteWithTheRestBelow) {
  const Image image = made({.mode = border, .image_size = 10}, numbered(10, 5));
  ASSERT_EQ(image.width(), 10u);
  ASSERT_EQ(image.height(), 10u);
  const std::vector white{255, 255, 255};
  EXPECT_EQ(pixel_at(image, 0, 1), white);
  EXPECT_EQ(pixel_at(image, 0, 2), (std::vector{0, 0, 0}));
  EXPECT_EQ(pixel_at(image, 9, 6), (std::vector{9, 4, 13}));
  EXPECT_EQ(pixel_at(image, 9, 7), white);
  EXPECT_EQ(pixel_at(image, 9, 9), white);
}

TEST(CarryOut, NothingToDoGivesTheImageItself) {
  Image image = numbered(20, 10);
  const std::uint8_t* const pixels = image.pixels().data();
  EXPECT_EQ(made({.mode = no}, std::move(image)).pixels().data(), pixels);
}

TEST(CarryOut, ResampledPictureLiesInItsPlace) {
  for (const ResizeMode mode : {center_crop, border}) {
    const TransformSettings settings{.mode = mode, .image_size = 32};
    const Plan plan = make_plan({97, 64}, settings);
    ASSERT_TRUE(plan.is_resampled());
    const Image whole = resize(numbered(97, 64), plan.scaled, plan.interpolation);
    const Image image = made(settings, numbered(97, 64));
    for (std::uint32_t y = 0; y < plan.cropped.height; ++y) {
      for (std::uint32_t x = 0; x < plan.cropped.width; ++x) {
        ASSERT_EQ(pixel_at(image, x + plan.pad_left, y + plan.pad_top),
                  pixel_at(whole, x + plan.crop_left, y + plan.crop_top));
      }
    }
  }
}

TEST(CarryOut, BlurStaysOnThePictureNotOnItsBorder) {
  const std::vector<Box> everywhere{{.left = 0, .top = 0, .right = 1, .bottom = 1}};
  Image black(40, 20, 3);
  std::ranges::fill(black.pixels(), std::uint8_t{0});
  const Image image = made({.mode = border, .image_size = 40}, std::move(black), everywhere);
  EXPECT_EQ(pixel_at(image, 20, 9), (std::vector{255, 255, 255}));
  EXPECT_EQ(pixel_at(image, 20, 10), (std::vector{0, 0, 0}));
}

}  // namespace
}  // namespace pixhaul::image
