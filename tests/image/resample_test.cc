#include "image/resample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pixhaul::image {
namespace {

Image noise(std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
  Image image(width, height, channels);
  std::minstd_rand random(7);
  std::ranges::generate(image.pixels(), [&] { return static_cast<std::uint8_t>(random() >> 8); });
  return image;
}

Filter filter_of(Kernel kernel, std::uint32_t from, std::uint32_t to) {
  return make_filter(kernel, {.scale = static_cast<double>(from) / to, .end = double(from)}, from,
                     to);
}

std::vector<int> resampled(const Resampler& by, const Image& image, const Dimensions& to,
                           Kernel kernel) {
  Image made(to.width, to.height, image.channels());
  by.run(plane_of(image), plane_of(made), filter_of(kernel, image.width(), to.width),
         filter_of(kernel, image.height(), to.height));
  return {made.pixels().begin(), made.pixels().end()};
}

TEST(Resample, ThereIsOneForThisProcessor) {
  ASSERT_FALSE(resamplers().empty());
  for (const Resampler& each : resamplers()) EXPECT_FALSE(each.instructions.empty());
}

TEST(Resample, EveryKindOfProcessorGivesTheSameBytes) {
  for (const std::uint32_t channels : {1u, 2u, 3u, 4u}) {
    const Image image = noise(333, 201, channels);
    for (const Kernel kernel : {Kernel::linear, Kernel::cubic, Kernel::lanczos}) {
      for (const Dimensions to :
           {Dimensions{100, 77}, Dimensions{500, 402}, Dimensions{41, 300}, Dimensions{1, 1}}) {
        const std::vector<int> want = resampled(resamplers().back(), image, to, kernel);
        for (const Resampler& each : resamplers())
          EXPECT_EQ(resampled(each, image, to, kernel), want) << each.instructions;
      }
    }
    const std::vector<int> want =
        resampled(resamplers().back(), image, {100, 77}, Kernel::area_shrink);
    for (const Resampler& each : resamplers())
      EXPECT_EQ(resampled(each, image, {100, 77}, Kernel::area_shrink), want) << each.instructions;
  }
}

}  // namespace
}  // namespace pixhaul::image
