#include "image/resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

namespace pixhaul::image {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr Interpolation kAll[] = {Interpolation::nearest, Interpolation::linear,
                                  Interpolation::cubic, Interpolation::area,
                                  Interpolation::lanczos};

Image image_of(std::uint32_t width, std::uint32_t channels, const std::vector<int>& samples) {
  const auto height = static_cast<std::uint32_t>(samples.size()) / width / channels;
  Image image(width, height, channels);
  std::ranges::transform(samples, image.pixels().begin(),
                         [](int value) { return static_cast<std::uint8_t>(value); });
  return image;
}

std::vector<int> samples_of(const Image& image) {
  return {image.pixels().begin(), image.pixels().end()};
}

/// One row resized to another width.
std::vector<int> row(const std::vector<int>& samples, std::uint32_t to, Interpolation how) {
  const Image image = image_of(static_cast<std::uint32_t>(samples.size()), 1, samples);
  return samples_of(resize(image, {to, 1}, how));
}

std::vector<int> column(const std::vector<int>& samples, std::uint32_t to, Interpolation how) {
  return samples_of(resize(image_of(1, 1, samples), {1, to}, how));
}

Image noise(std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
  std::mt19937 random(width * 1000 + height * 10 + channels);
  Image image(width, height, channels);
  for (std::uint8_t& sample : image.pixels()) sample = static_cast<std::uint8_t>(random());
  return image;
}

TEST(Resize, NearestTakesTheSampleUnderTheOutputsBegin) {
  EXPECT_THAT(row({10, 20}, 4, Interpolation::nearest), ElementsAre(10, 10, 20, 20));
  EXPECT_THAT(row({1, 2, 3, 4, 5}, 3, Interpolation::nearest), ElementsAre(1, 2, 4));
  EXPECT_THAT(column({1, 2, 3, 4, 5}, 2, Interpolation::nearest), ElementsAre(1, 3));
}

TEST(Resize, LinearWeighsTheTwoNextToTheCentre) {
  EXPECT_THAT(row({0, 100}, 4, Interpolation::linear), ElementsAre(0, 25, 75, 100));
  EXPECT_THAT(column({0, 100}, 4, Interpolation::linear), ElementsAre(0, 25, 75, 100));
  // Shrinking by 3 takes the middle one alone: linear does not widen.
  EXPECT_THAT(row({0, 90, 0, 0, 30, 200}, 2, Interpolation::linear), ElementsAre(90, 30));
  EXPECT_THAT(row({10, 20, 30, 50}, 2, Interpolation::linear), ElementsAre(15, 40));
}

TEST(Resize, AreaTakesTheMeanOfWhatItCovers) {
  EXPECT_THAT(row({10, 20, 30, 50}, 2, Interpolation::area), ElementsAre(15, 40));
  EXPECT_THAT(row({30, 60, 90}, 2, Interpolation::area), ElementsAre(40, 80));
  EXPECT_THAT(column({30, 60, 90}, 2, Interpolation::area), ElementsAre(40, 80));
  EXPECT_THAT(samples_of(resize(image_of(2, 1, {1, 2, 4, 8}), {1, 1}, Interpolation::area)),
              ElementsAre(4));  // 3.75
}

TEST(Resize, HalvesAreRoundedUp) {
  EXPECT_THAT(row({1, 2, 2, 3}, 2, Interpolation::area), ElementsAre(2, 3));
}

TEST(Resize, AreaThatEnlargesBlendsOnlyWhatIsOnABoundary) {
  EXPECT_THAT(row({0, 90}, 3, Interpolation::area), ElementsAre(0, 45, 90));
  EXPECT_THAT(row({0, 90}, 4, Interpolation::area), ElementsAre(0, 0, 90, 90));
}

TEST(Resize, CubicOvershootsAndIsCut) {
  // The centre lies between two samples: weights -3/32, 19/32, 19/32, -3/32; edges repeat.
  EXPECT_THAT(row({0, 0, 100, 100}, 2, Interpolation::cubic), ElementsAre(0, 109));
  EXPECT_THAT(row({255, 255, 0, 0}, 2, Interpolation::cubic), ElementsAre(255, 0));
  EXPECT_THAT(row({8, 40, 72, 200}, 2, Interpolation::cubic), ElementsAre(21, 139));
}

TEST(Resize, LanczosIsTheWindowedSincOfEightSamples) {
  const std::vector<int> samples = {10, 200, 30, 60, 250, 90, 20, 140, 70, 180, 0, 33};
  const auto weight = [](double x) {
    const double t = x * std::numbers::pi;
    return x == 0 ? 1 : std::sin(t) / t * std::sin(t / 4) / (t / 4);
  };
  const std::vector<int> resized = row(samples, 9, Interpolation::lanczos);
  for (int i = 0; i < 9; ++i) {
    const double centre = (i + 0.5) * 12 / 9 - 0.5;
    double sum = 0;
    double weights = 0;
    for (int at = static_cast<int>(std::floor(centre)) - 3, n = 0; n < 8; ++at, ++n) {
      weights += weight(centre - at);
      sum += weight(centre - at) * samples[static_cast<std::size_t>(std::clamp(at, 0, 11))];
    }
    EXPECT_NEAR(resized[static_cast<std::size_t>(i)], std::clamp(sum / weights, 0.0, 255.0), 0.6);
  }
}

TEST(Resize, TheSameSizeIsACopy) {
  const Image image = noise(37, 21, 3);
  for (const Interpolation each : kAll) {
    EXPECT_EQ(samples_of(resize(image, {37, 21}, each)), samples_of(image));
  }
}

TEST(Resize, OneColourStaysThatColour) {
  constexpr Dimensions kSizes[] = {{1, 1},   {1, 40},  {3, 2},   {17, 16},
                                   {31, 33}, {200, 7}, {700, 90}};
  for (const Interpolation each : kAll) {
    for (const Dimensions& from : kSizes) {
      Image image(from.width, from.height, 1);
      std::ranges::fill(image.pixels(), std::uint8_t{201});
      for (const Dimensions& to : kSizes) {
        EXPECT_THAT(samples_of(resize(image, to, each)), Each(201))
            << from.width << " x " << from.height << " to " << to.width << " x " << to.height;
      }
    }
  }
}

/// The mean of what each output sample covers, in doubles.
std::vector<double> area_reference(const Image& image, const Dimensions& to) {
  const auto shares = [](std::uint32_t from, std::uint32_t count, std::uint32_t at) {
    std::vector<double> result(from);
    const double scale = static_cast<double>(from) / count;
    for (std::uint32_t i = 0; i < from; ++i) {
      const double overlap =
          std::min(i + 1.0, (at + 1) * scale) - std::max(static_cast<double>(i), at * scale);
      result[i] = std::max(0.0, overlap) / scale;
    }
    return result;
  };
  std::vector<double> result;
  for (std::uint32_t y = 0; y < to.height; ++y) {
    const auto down = shares(image.height(), to.height, y);
    std::vector<double> line(image.stride_bytes());
    for (std::uint32_t v = 0; v < image.height(); ++v) {
      if (down[v] == 0) continue;
      for (std::size_t u = 0; u < line.size(); ++u) line[u] += down[v] * image.row(v)[u];
    }
    for (std::uint32_t x = 0; x < to.width; ++x) {
      const auto across = shares(image.width(), to.width, x);
      for (std::uint32_t c = 0; c < image.channels(); ++c) {
        double sum = 0;
        for (std::uint32_t u = 0; u < image.width(); ++u) {
          sum += across[u] * line[std::size_t{u} * image.channels() + c];
        }
        result.push_back(sum);
      }
    }
  }
  return result;
}

// Widths on both sides of a tile's and a vector's, ratios whole and not, large and near 1.
TEST(Resize, AreaIsExactToRoundingAtAnyRatio) {
  struct Case {
    std::uint32_t width, height, channels;
    Dimensions to;
  };
  constexpr Case kCases[] = {{2600, 3, 1, {1300, 2}}, {1700, 5, 3, {1699, 4}}, {400, 90, 4, {3, 2}},
                             {33, 65, 2, {32, 17}},   {7, 300, 3, {7, 1}},     {3000, 2, 1, {1, 1}},
                             {640, 48, 3, {256, 19}}, {15, 15, 1, {9, 8}}};
  for (const Case& each : kCases) {
    const Image image = noise(each.width, each.height, each.channels);
    const auto want = area_reference(image, each.to);
    const auto got = samples_of(resize(image, each.to, Interpolation::area));
    ASSERT_EQ(got.size(), want.size());
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
      worst = std::max(worst, std::abs(got[i] - want[i]));
    EXPECT_LE(worst, 0.56) << each.width << " x " << each.height << " x " << each.channels;
  }
}

TEST(Resize, ChannelsDoNotMix) {
  for (std::uint32_t channels = 2; channels <= 4; ++channels) {
    const Image image = noise(61, 43, channels);
    for (const Interpolation each : kAll) {
      for (const Dimensions to : {Dimensions{20, 30}, Dimensions{150, 90}}) {
        const Image together = resize(image, to, each);
        for (std::uint32_t channel = 0; channel < channels; ++channel) {
          Image alone(61, 43, 1);
          for (std::size_t i = 0; i < alone.size_bytes(); ++i) {
            alone.pixels()[i] = image.pixels()[i * channels + channel];
          }
          const Image resized = resize(alone, to, each);
          for (std::size_t i = 0; i < resized.size_bytes(); ++i) {
            ASSERT_EQ(together.pixels()[i * channels + channel], resized.pixels()[i]);
          }
        }
      }
    }
  }
}

TEST(Resize, BytesBesideTheRowsAreNotTouched) {
  const Image image = noise(50, 40, 3);
  for (const Interpolation each : kAll) {
    const Image packed = resize(image, {33, 19}, each);
    std::vector<std::uint8_t> memory(21 * 120, 7);
    const Plane to{.samples = memory.data() + 120 + 5,
                   .width = 33,
                   .height = 19,
                   .channels = 3,
                   .stride_bytes = 120};
    resize(plane_of(image), to, each);
    for (std::size_t y = 0; y < 21; ++y) {
      for (std::size_t x = 0; x < 120; ++x) {
        const bool is_inside = y >= 1 && y < 20 && x >= 5 && x < 5 + 33 * 3;
        const int want = is_inside ? packed.row(static_cast<std::uint32_t>(y - 1))[x - 5] : 7;
        ASSERT_EQ(memory[y * 120 + x], want) << x << ", " << y;
      }
    }
  }
}

}  // namespace
}  // namespace pixhaul::image
