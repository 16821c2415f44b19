#include "image/jpeg_planes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "image/encode.h"

namespace pixhaul::image {
namespace {

/// How a test file is coded; `horizontal` and `vertical` are the luminance's sampling factors.
struct Coding {
  std::string name{};
  int horizontal = 2;
  int vertical = 2;
  J_COLOR_SPACE space = JCS_YCbCr;
  bool is_progressive = false;
};

/// Smooth waves of colour with some detail: what survives colour at half resolution.
Image picture(std::uint32_t width, std::uint32_t height, std::uint32_t channels = 3) {
  Image image(width, height, channels);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const double detail = 25 * std::sin(x * 0.7) * std::cos(y * 0.6);
      for (std::uint32_t c = 0; c < channels; ++c) {
        const double wave = 70 * std::sin(x * 0.02 * (c + 1) + y * 0.013 * (3 - c));
        image.row(y)[std::size_t{x} * channels + c] =
            static_cast<std::uint8_t>(128 + wave + detail);
      }
    }
  }
  return image;
}

std::string jpeg_of(const Image& image, const Coding& coding) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* output = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &output, &size);
  jpeg.image_width = image.width();
  jpeg.image_height = image.height();
  jpeg.input_components = static_cast<int>(image.channels());
  constexpr J_COLOR_SPACE kSpaces[] = {JCS_GRAYSCALE, JCS_UNKNOWN, JCS_RGB, JCS_CMYK};
  jpeg.in_color_space = kSpaces[image.channels() - 1];
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, coding.space);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg.comp_info[0].h_samp_factor = coding.horizontal;
  jpeg.comp_info[0].v_samp_factor = coding.vertical;
  if (coding.is_progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPLE*>(image.row(jpeg.next_scanline).data());
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string bytes(reinterpret_cast<const char*>(output), size);
  std::free(output);
  return bytes;
}

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

Image decoded(Bytes file) {
  auto result = decode(file, {});
  EXPECT_TRUE(result) << (result ? "" : result.error().detail);
  return result ? std::move(result->image) : Image(1, 1, 1);
}

/// The plan of a resize that fills its output.
PlanesPlan whole(const Dimensions& to, Interpolation interpolation = Interpolation::area) {
  return {.resized = to, .output = to, .interpolation = interpolation, .quality = 100};
}

/// The same through RGB: what the planes must come near to.
Image by_pixels(std::string_view jpeg, const PlanesPlan& plan) {
  const Image resized = resize(decoded(bytes_of(jpeg)), plan.resized, plan.interpolation);
  Image output(plan.output.width, plan.output.height, resized.channels());
  std::ranges::fill(output.pixels(), std::uint8_t{255});
  for (std::uint32_t y = 0; y < output.height(); ++y) {
    for (std::uint32_t x = 0; x < output.width(); ++x) {
      const std::int64_t u = std::int64_t{x} - plan.left;
      const std::int64_t v = std::int64_t{y} - plan.top;
      if (u < 0 || v < 0 || u >= resized.width() || v >= resized.height()) continue;
      const auto from = resized.row(static_cast<std::uint32_t>(v))
                            .subspan(static_cast<std::size_t>(u) * resized.channels());
      std::copy_n(from.begin(), resized.channels(), output.row(y).begin() + x * resized.channels());
    }
  }
  auto file = encode(output, {.format = ImageFormat::jpeg, .quality = plan.quality});
  EXPECT_TRUE(file);
  return decoded(file->bytes());
}

Image by_planes(std::string_view jpeg, const PlanesPlan& plan) {
  auto result = resize_in_planes(bytes_of(jpeg), plan, {});
  EXPECT_TRUE(result) << (result ? "" : result.error().detail);
  return result ? decoded(result->bytes.bytes()) : Image(1, 1, 1);
}

double mean_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width(), b.width());
  EXPECT_EQ(a.height(), b.height());
  EXPECT_EQ(a.channels(), b.channels());
  if (a.size_bytes() != b.size_bytes()) return 255;
  double sum = 0;
  for (std::size_t i = 0; i < a.size_bytes(); ++i) sum += std::abs(a.pixels()[i] - b.pixels()[i]);
  return sum / static_cast<double>(a.size_bytes());
}

class Samplings : public ::testing::TestWithParam<Coding> {};

TEST_P(Samplings, ComeNearToWhatPixelsGive) {
  for (const Dimensions size : {Dimensions{320, 240}, Dimensions{333, 251}}) {
    const std::string jpeg = jpeg_of(picture(size.width, size.height), GetParam());
    for (const Interpolation each : {Interpolation::linear, Interpolation::cubic,
                                     Interpolation::area, Interpolation::lanczos}) {
      for (const Dimensions to : {Dimensions{171, 128}, Dimensions{256, 192}, size,
                                  Dimensions{401, 301}, Dimensions{60, 45}}) {
        const PlanesPlan plan = whole(to, each);
        EXPECT_LT(mean_difference(by_planes(jpeg, plan), by_pixels(jpeg, plan)), 1.5)
            << size.width << " to " << to.width << ", interpolation " << static_cast<int>(each);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Samplings,
                         ::testing::Values(Coding{"s420", 2, 2}, Coding{"s422", 2, 1},
                                           Coding{"s444", 1, 1}, Coding{"s440", 1, 2},
                                           Coding{"s411", 4, 1},
                                           Coding{"progressive", 2, 2, JCS_YCbCr, true}),
                         [](const auto& each) { return each.param.name; });

TEST(JpegPlanes, AnyCropComesNearToWhatPixelsGive) {
  const std::string jpeg = jpeg_of(picture(640, 360), {});
  for (const std::int32_t left : {0, -42, -43, -199}) {
    PlanesPlan plan = whole({455, 256});
    plan.output = {256, 256};
    plan.left = left;
    EXPECT_LT(mean_difference(by_planes(jpeg, plan), by_pixels(jpeg, plan)), 1.5) << left;
  }
}

TEST(JpegPlanes, WhatThePictureDoesNotCoverIsWhite) {
  const std::string jpeg = jpeg_of(picture(640, 360), {});
  for (const std::int32_t top : {0, 56, 57, 113}) {
    PlanesPlan plan = whole({255, 143});
    plan.output = {256, 256};
    plan.top = top;
    const Image got = by_planes(jpeg, plan);
    EXPECT_LT(mean_difference(got, by_pixels(jpeg, plan)), 1.5) << top;
    const std::uint32_t far = top < 100 ? 255 : 0;
    EXPECT_THAT(got.row(far).first(3), ::testing::Each(255));
  }
}

TEST(JpegPlanes, LargePicturesAreShrunkByTheDecoderFirst) {
  const std::string jpeg = jpeg_of(picture(1203, 801), {});
  for (const Dimensions to :
       {Dimensions{300, 200}, Dimensions{150, 100}, Dimensions{75, 50}, Dimensions{30, 20}}) {
    const PlanesPlan plan = whole(to);
    EXPECT_LT(mean_difference(by_planes(jpeg, plan), by_pixels(jpeg, plan)), 1.5) << to.width;
  }
}

TEST(JpegPlanes, GreyBecomesColourOrStays) {
  const std::string jpeg = jpeg_of(picture(200, 150, 1), {"grey", 1, 1, JCS_GRAYSCALE});
  PlanesPlan plan = whole({101, 77});
  const Image color = by_planes(jpeg, plan);
  plan.grey = Grey::keep;
  const Image grey = by_planes(jpeg, plan);
  ASSERT_EQ(color.channels(), 3u);
  ASSERT_EQ(grey.channels(), 1u);
  EXPECT_LT(mean_difference(grey, by_pixels(jpeg, plan)), 1.0);
  for (std::size_t i = 0; i < grey.size_bytes(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_NEAR(color.pixels()[i * 3 + c], grey.pixels()[i], 1);
    }
  }
}

// Single components with factors above 1 are legal and mean nothing.
TEST(JpegPlanes, GreyWithSamplingFactorsIsRead) {
  const std::string jpeg = jpeg_of(picture(67, 45, 1), {"grey", 2, 2, JCS_GRAYSCALE});
  PlanesPlan plan = whole({40, 27});
  plan.grey = Grey::keep;
  EXPECT_LT(mean_difference(by_planes(jpeg, plan), by_pixels(jpeg, plan)), 1.0);
}

TEST(JpegPlanes, SmallestPicturesAndOutputsWork) {
  const std::string jpeg = jpeg_of(picture(1, 1), {});
  EXPECT_EQ(by_planes(jpeg, whole({7, 3})).width(), 7u);
  const std::string wide = jpeg_of(picture(500, 3), {});
  EXPECT_EQ(by_planes(wide, whole({1, 1})).height(), 1u);
  EXPECT_EQ(by_planes(wide, whole({256, 2})).height(), 2u);
}

TEST(JpegPlanes, WhatIsNotLuminanceAndColourGoesThroughPixels) {
  const auto facts_of = [](const std::string& jpeg) {
    const auto facts = read_jpeg_facts(bytes_of(jpeg), {});
    EXPECT_TRUE(facts);
    return *facts;
  };
  const JpegFacts rgb = facts_of(jpeg_of(picture(20, 10), {"rgb", 1, 1, JCS_RGB}));
  const JpegFacts cmyk = facts_of(jpeg_of(picture(20, 10, 4), {"cmyk", 1, 1, JCS_CMYK}));
  const JpegFacts ycck = facts_of(jpeg_of(picture(20, 10, 4), {"ycck", 1, 1, JCS_YCCK}));
  const JpegFacts ycc = facts_of(jpeg_of(picture(20, 10), {}));
  EXPECT_FALSE(can_stay_in_planes(rgb, whole({10, 5})));
  EXPECT_FALSE(can_stay_in_planes(cmyk, whole({10, 5})));
  EXPECT_FALSE(can_stay_in_planes(ycck, whole({10, 5})));
  EXPECT_TRUE(can_stay_in_planes(ycc, whole({10, 5})));
  EXPECT_EQ(ycc.size, (Dimensions{20, 10}));
}

TEST(JpegPlanes, NearestIsForPixelsUnlessTheSizeStays) {
  const JpegFacts facts{.size = {20, 10}, .color = JpegColor::ycc};
  EXPECT_FALSE(can_stay_in_planes(facts, whole({10, 5}, Interpolation::nearest)));
  EXPECT_TRUE(can_stay_in_planes(facts, whole({20, 10}, Interpolation::nearest)));
}

TEST(JpegPlanes, NoTruncatedFileIsAccepted) {
  for (const bool is_progressive : {false, true}) {
    const std::string jpeg = jpeg_of(picture(200, 150), {"", 2, 2, JCS_YCbCr, is_progressive});
    for (std::size_t percent = 0; percent < 100; ++percent) {
      const std::string_view cut = std::string_view(jpeg).substr(0, jpeg.size() * percent / 100);
      const auto result = resize_in_planes(bytes_of(cut), whole({50, 40}), {});
      ASSERT_FALSE(result) << percent << " % of it";
      EXPECT_TRUE(result.error().code == ErrorCode::truncated ||
                  result.error().code == ErrorCode::decode_error)
          << result.error().detail;
    }
  }
}

TEST(JpegPlanes, LimitsHoldAsForPixels) {
  const std::string jpeg = jpeg_of(picture(200, 150), {"", 2, 2, JCS_YCbCr, true});
  const auto code_of = [&](const DecodeLimits& limits) {
    const auto result = resize_in_planes(bytes_of(jpeg), whole({50, 40}), limits);
    return result ? ErrorCode::success : result.error().code;
  };
  EXPECT_EQ(code_of({.max_pixels = 29'999}), ErrorCode::too_many_pixels);
  EXPECT_EQ(code_of({.max_pixels = 30'000}), ErrorCode::success);
  EXPECT_EQ(code_of({.max_scans = 3}), ErrorCode::too_complex);
}

TEST(JpegPlanes, WarningsThatCostNoPixelAreHandedOn) {
  std::string jpeg = jpeg_of(picture(64, 48), {});
  jpeg.insert(jpeg.size() - 2, std::string(64, '\0'));
  const auto result = resize_in_planes(bytes_of(jpeg), whole({32, 24}), {});
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(result->warning, ::testing::HasSubstr("extraneous bytes"));
}

TEST(JpegPlanes, TheSameFileGivesTheSameBytes) {
  const std::string jpeg = jpeg_of(picture(333, 251), {});
  PlanesPlan plan = whole({100, 75});
  plan.output = {128, 128};
  plan.left = 13;
  const auto first = resize_in_planes(bytes_of(jpeg), plan, {});
  const auto second = resize_in_planes(bytes_of(jpeg), plan, {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->bytes.text(), second->bytes.text());
}

}  // namespace
}  // namespace pixhaul::image
