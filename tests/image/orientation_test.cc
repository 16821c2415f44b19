#include "image/orientation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pixhaul::image {
namespace {

/// One grey pixel per letter.
Image drawn(std::span<const std::string_view> rows) {
  Image image(static_cast<std::uint32_t>(rows[0].size()), static_cast<std::uint32_t>(rows.size()),
              1);
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    std::ranges::copy(rows[y], image.row(y).begin());
  }
  return image;
}

std::string text_of(const Image& image) {
  std::string text;
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    const auto row = image.row(y);
    text.append(row.begin(), row.end()).append("/");
  }
  return text;
}

// The picture is upright "abc / def"; each row holds how a camera in that position stores it. TIFF
// 6.0 §8, Orientation: "the 0th row represents the visual top of the image, and the 0th column
// represents the visual left-hand side" and so on.
TEST(Orientation, EveryStoredFormIsTurnedIntoTheSamePicture) {
  struct Stored {
    Orientation orientation;
    std::vector<std::string_view> rows;
  };
  const std::vector<Stored> all = {
      {Orientation::top_left, {"abc", "def"}},
      {Orientation::top_right, {"cba", "fed"}},
      {Orientation::bottom_right, {"fed", "cba"}},
      {Orientation::bottom_left, {"def", "abc"}},
      {Orientation::left_top, {"ad", "be", "cf"}},
      {Orientation::right_top, {"cf", "be", "ad"}},
      {Orientation::right_bottom, {"fc", "eb", "da"}},
      {Orientation::left_bottom, {"da", "eb", "fc"}},
  };
  for (const Stored& stored : all) {
    EXPECT_EQ(text_of(turned_upright(drawn(stored.rows), stored.orientation)), "abc/def/")
        << static_cast<int>(stored.orientation);
  }
}

// Larger than a tile both ways, with odd sides, and every number of channels.
TEST(Orientation, FourQuarterTurnsGiveTheImageBack) {
  for (std::uint32_t channels = 1; channels <= 4; ++channels) {
    Image image(67, 45, channels);
    std::uint32_t next = 1;
    for (std::uint8_t& sample : image.pixels()) {
      sample = static_cast<std::uint8_t>((next = next * 1664525 + 1013904223) >> 24);
    }
    const std::vector<std::uint8_t> before(image.pixels().begin(), image.pixels().end());
    for (int i = 0; i < 3; ++i) image = turned_upright(std::move(image), Orientation::right_top);
    EXPECT_EQ(image.width(), 45u);
    image = turned_upright(std::move(image), Orientation::right_top);
    ASSERT_EQ(image.width(), 67u);
    EXPECT_TRUE(std::ranges::equal(image.pixels(), before));
    image = turned_upright(std::move(image), Orientation::right_bottom);
    image = turned_upright(std::move(image), Orientation::right_bottom);
    EXPECT_TRUE(std::ranges::equal(image.pixels(), before));
  }
}

}  // namespace
}  // namespace pixhaul::image
