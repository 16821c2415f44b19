#include <gtest/gtest.h>

#include <set>

#include "pixhaul/outcome.h"

namespace pixhaul {
namespace {

TEST(Format, EveryFormatHasItsOwnMediaType) {
  std::set<std::string_view> types;
  for (int i = 0; i <= static_cast<int>(ImageFormat::heic); ++i) {
    EXPECT_TRUE(types.insert(media_type(static_cast<ImageFormat>(i))).second) << i;
  }
  EXPECT_EQ(media_type(ImageFormat::jpeg), "image/jpeg");
  EXPECT_EQ(media_type(ImageFormat::unknown), "");
}

TEST(Format, OnlyFormatsThatAreKeptHaveAnExtension) {
  for (const ImageFormat format :
       {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::gif, ImageFormat::avif,
        ImageFormat::bmp, ImageFormat::tiff}) {
    EXPECT_NE(file_extension(format), "") << media_type(format);
  }
  for (const ImageFormat format :
       {ImageFormat::unknown, ImageFormat::svg, ImageFormat::pdf, ImageFormat::heic}) {
    EXPECT_EQ(file_extension(format), "") << media_type(format);
  }
  EXPECT_EQ(file_extension(ImageFormat::jpeg), "jpg");
}

}  // namespace
}  // namespace pixhaul
