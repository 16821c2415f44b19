#include "support/images.h"

#include <gtest/gtest.h>

namespace pixhaul::testing {
namespace {

struct Signature {
  std::string_view format;
  std::string_view begin;
  std::string_view end;
};

using namespace std::string_view_literals;

constexpr Signature kSignatures[] = {
    {"jpg", "\xff\xd8\xff"sv, "\xff\xd9"sv},
    {"png", "\x89PNG\r\n\x1a\n"sv, "IEND\xae\x42\x60\x82"sv},
    {"gif", "GIF89a"sv, "\0;"sv},
    {"webp", "RIFF"sv, ""sv},
    {"bmp", "BM"sv, ""sv},
};

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

TEST(Images, EachFormatHasItsSignatureAndItsEnd) {
  for (const Signature& row : kSignatures) {
    const auto file = make_image({.width = 33, .height = 17, .seed = 5, .format = row.format});
    ASSERT_TRUE(file.has_value()) << row.format;
    EXPECT_TRUE(file->starts_with(row.begin)) << row.format;
    EXPECT_TRUE(file->ends_with(row.end)) << row.format;
  }
}

TEST(Images, EqualRequestsGiveEqualBytesAndSeedsDiffer) {
  for (const Signature& row : kSignatures) {
    const ImageRequest request{.seed = 5, .format = row.format};
    EXPECT_EQ(make_image(request), make_image(request));
    EXPECT_NE(make_image(request), make_image({.seed = 6, .format = row.format}));
  }
}

TEST(Images, PaddingReachesTheExactSize) {
  for (const Signature& row : kSignatures) {
    const ImageRequest plain{.width = 33, .height = 17, .seed = 5, .format = row.format};
    const std::size_t size = make_image(plain)->size();
    for (const std::size_t extra : {26U, 282U, 284U, 65564U, 200000U}) {
      ImageRequest padded = plain;
      padded.bytes = size + extra;
      const auto file = make_image(padded);
      ASSERT_TRUE(file.has_value()) << row.format << " + " << extra;
      EXPECT_EQ(file->size(), padded.bytes) << row.format << " + " << extra;
      EXPECT_TRUE(file->ends_with(row.end)) << row.format;
    }
  }
}

TEST(Images, JpegIsPaddedToEverySizeAboveItsOwn) {
  const std::size_t size = make_image({})->size();
  for (std::size_t extra = 0; extra < 12; ++extra) {
    EXPECT_EQ(make_image({.bytes = size + extra})->size(), size + extra);
  }
}

TEST(Images, RiffSizeAndBitmapSizeCoverThePadding) {
  const auto webp = make_image({.format = "webp", .bytes = 50'000});
  EXPECT_EQ(little_endian(*webp, 4), 50'000U - 8);
  const auto bmp = make_image({.format = "bmp", .bytes = 50'000});
  EXPECT_EQ(little_endian(*bmp, 2), 50'000U);
}

TEST(Images, ImpossibleRequestsGiveNothing) {
  EXPECT_EQ(make_image({.format = "tga"}), std::nullopt);
  EXPECT_EQ(make_image({.width = 0}), std::nullopt);
  EXPECT_EQ(make_image({.bytes = 10}), std::nullopt);
}

}  // namespace
}  // namespace pixhaul::testing
