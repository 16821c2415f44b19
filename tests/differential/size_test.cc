// The size a prober reads from a header decides what is refused and how much memory is charged; the
// codec's own reading decides how much is taken. A file on which they differ gets past the limit.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "differential/cases.h"
#include "image/codec.h"
#include "support/images.h"

namespace pixhaul::testing {
namespace {

TEST(ProberAgainstCodecs, WhatDecodesHasTheProbedSize) {
  constexpr std::array<std::string_view, 5> kFormats = {"jpg", "png", "gif", "webp", "bmp"};
  Random chance(2);
  std::uint64_t decoded_count = 0;
  for (std::uint64_t left = case_count(20'000); left > 0; --left) {
    const ImageRequest request{.width = 1 + static_cast<std::uint32_t>(chance.next() % 40),
                               .height = 1 + static_cast<std::uint32_t>(chance.next() % 40),
                               .seed = chance.next() % 9,
                               .format = kFormats[left % kFormats.size()]};
    const std::string file = mutated(*make_image(request), chance);
    const auto bytes = std::as_bytes(std::span(file));
    const auto whole = image::walk(bytes);
    if (!whole) continue;
    const image::Codec* const codec = image::find_codec(whole->format);
    if (codec == nullptr) continue;
    // Small, so that a header that lies costs no time; the codec looks at its own reading.
    const auto decoded = codec->decode(bytes, {.max_pixels = 100'000});
    if (!decoded) continue;
    ++decoded_count;
    ASSERT_TRUE(whole->size.has_value());
    EXPECT_EQ(decoded->image.width(), whole->size->width) << request.format;
    EXPECT_EQ(decoded->image.height(), whole->size->height) << request.format;
  }
  EXPECT_GT(decoded_count, 0u);
}

}  // namespace
}  // namespace pixhaul::testing
