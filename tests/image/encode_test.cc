#include "image/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "image/codec.h"

namespace pixhaul::image {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Image gradient(std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
  Image image(width, height, channels);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::size_t i = 0; i < image.stride_bytes(); ++i) {
      const std::size_t x = i / channels;
      const std::size_t channel = i % channels;
      image.row(y)[i] = static_cast<std::uint8_t>((x + y * (channel + 1) / 2 + channel * 30) & 255);
    }
  }
  return image;
}

Buffer encoded(const Image& image, ImageFormat format, int quality) {
  const EncodeSettings settings{.format = format, .quality = quality};
  EXPECT_TRUE(check_encoding(settings));
  auto result = encode(image, settings);
  EXPECT_TRUE(result) << (result ? "" : result.error().detail);
  return result ? std::move(*result) : Buffer();
}

Image decoded(const Buffer& file) {
  auto result = decode(file.bytes(), {});
  EXPECT_TRUE(result) << (result ? "" : result.error().detail);
  return result ? std::move(result->image) : Image();
}

int worst_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.size_bytes(), b.size_bytes());
  int worst = 0;
  for (std::size_t i = 0; i < std::min(a.size_bytes(), b.size_bytes()); ++i) {
    worst = std::max(worst, std::abs(a.pixels()[i] - b.pixels()[i]));
  }
  return worst;
}

struct Case {
  std::string name;
  ImageFormat format;
  int quality;
  std::uint32_t channels;
  int tolerance;
};

class Encoders : public ::testing::TestWithParam<Case> {};

TEST_P(Encoders, WriteFilesThatTheCodecsGiveBack) {
  const auto& [name, format, quality, channels, tolerance] = GetParam();
  for (const Dimensions size : {Dimensions{61, 43}, Dimensions{1, 1}, Dimensions{16, 16}}) {
    const Image image = gradient(size.width, size.height, channels);
    const Image back = decoded(encoded(image, format, quality));
    EXPECT_EQ(back.width(), size.width);
    EXPECT_EQ(back.channels(), channels);
    EXPECT_LE(worst_difference(image, back), tolerance) << size.width;
  }
}

TEST_P(Encoders, WriteTheSameBytesForTheSamePixels) {
  const auto& [name, format, quality, channels, tolerance] = GetParam();
  const Image image = gradient(61, 43, channels);
  EXPECT_EQ(encoded(image, format, quality).text(), encoded(image, format, quality).text());
}

INSTANTIATE_TEST_SUITE_P(All, Encoders,
                         ::testing::Values(Case{"jpeg_rgb", ImageFormat::jpeg, 100, 3, 5},
                                           Case{"jpeg_grey", ImageFormat::jpeg, 100, 1, 4},
                                           Case{"png_0_rgb", ImageFormat::png, 0, 3, 0},
                                           Case{"png_9_rgb", ImageFormat::png, 9, 3, 0},
                                           Case{"png_grey", ImageFormat::png, 6, 1, 0},
                                           Case{"png_grey_alpha", ImageFormat::png, 6, 2, 0},
                                           Case{"png_rgb_alpha", ImageFormat::png, 6, 4, 0},
                                           Case{"webp_lossless", ImageFormat::webp, 101, 3, 0},
                                           Case{"webp", ImageFormat::webp, 100, 3, 8}),
                         [](const auto& each) { return each.param.name; });

TEST(Encode, JpegIsBaselineWithColourAtHalfResolution) {
  const Buffer file = encoded(gradient(20, 10, 3), ImageFormat::jpeg, 95);
  using namespace std::string_literals;
  // SOF0: 8 bit, 10 rows of 20, three components, sampling 2 × 2, 1 × 1, 1 × 1.
  EXPECT_THAT(std::string(file.text()),
              HasSubstr("\xFF\xC0\0\x11\x08\0\x0A\0\x14\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"s));
  EXPECT_THAT(std::string(file.text()), StartsWith("\xFF\xD8\xFF\xE0\0\x10JFIF"s));
}

TEST(Encode, HigherQualityCostsBytes) {
  const Image image = gradient(120, 90, 3);
  EXPECT_LT(encoded(image, ImageFormat::jpeg, 20).size(),
            encoded(image, ImageFormat::jpeg, 95).size());
  EXPECT_LT(encoded(image, ImageFormat::webp, 20).size(),
            encoded(image, ImageFormat::webp, 95).size());
  EXPECT_LT(encoded(image, ImageFormat::png, 9).size(), encoded(image, ImageFormat::png, 0).size());
}

TEST(Encode, GreyBecomesColourInWebp) {
  const Image back = decoded(encoded(gradient(9, 5, 1), ImageFormat::webp, 101));
  const Image grey = gradient(9, 5, 1);
  ASSERT_EQ(back.channels(), 3u);
  for (std::size_t i = 0; i < grey.size_bytes(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(back.pixels()[i * 3 + c], grey.pixels()[i]);
  }
}

// Larger than what is reserved at first.
TEST(Encode, AFileMayBeLargerThanItsPixels) {
  Image image(300, 200, 3);
  std::uint32_t state = 1;
  for (std::uint8_t& sample : image.pixels()) {
    state = state * 1664525 + 1013904223;
    sample = static_cast<std::uint8_t>(state >> 24);
  }
  EXPECT_EQ(decoded(encoded(image, ImageFormat::jpeg, 100)).width(), 300u);
  EXPECT_EQ(worst_difference(decoded(encoded(image, ImageFormat::png, 0)), image), 0);
}

TEST(Encode, SidesThatAFormatCannotHoldAreRefused) {
  const auto code_of = [](const Result<Buffer>& result) {
    return result ? ErrorCode::success : result.error().code;
  };
  EXPECT_EQ(code_of(encode(gradient(65'501, 1, 1), {ImageFormat::jpeg, 95})),
            ErrorCode::too_many_pixels);
  EXPECT_EQ(code_of(encode(gradient(1, 16'384, 3), {ImageFormat::webp, 95})),
            ErrorCode::too_many_pixels);
  EXPECT_EQ(code_of(encode(gradient(65'501, 1, 1), {ImageFormat::png, 1})), ErrorCode::success);
}

TEST(Encode, QualitiesOutsideTheFormatsScaleAreRefusedInASentence) {
  const auto detail_of = [](ImageFormat format, int quality) {
    const auto checked = check_encoding({format, quality});
    return checked ? std::string() : checked.error().detail;
  };
  EXPECT_EQ(detail_of(ImageFormat::jpeg, 0), "a JPEG's quality is 1 to 100; it is 0");
  EXPECT_EQ(detail_of(ImageFormat::jpeg, 101), "a JPEG's quality is 1 to 100; it is 101");
  EXPECT_EQ(detail_of(ImageFormat::png, 95), "a PNG's quality is zlib's level, 0 to 9; it is 95");
  EXPECT_EQ(detail_of(ImageFormat::webp, 0),
            "a WebP's quality is 1 to 100, and above that without loss; it is 0");
  EXPECT_EQ(detail_of(ImageFormat::webp, 101), "");
  EXPECT_EQ(detail_of(ImageFormat::gif, 1), "images are written as jpg, png or webp");
}

}  // namespace
}  // namespace pixhaul::image
