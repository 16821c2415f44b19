#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "pixhaul/outcome.h"

namespace pixhaul::image {

/// 64 × 48 pixels in four quarters of one colour each: what codecs are asked to give back.
struct Picture {
  static constexpr std::uint32_t kWidth = 64;
  static constexpr std::uint32_t kHeight = 48;
  using Color = std::array<std::uint8_t, 4>;
  /// Top left, top right, bottom left, bottom right.
  static constexpr std::array<Color, 4> kColors = {
      {{200, 40, 48, 255}, {40, 184, 64, 255}, {48, 64, 208, 255}, {216, 200, 40, 128}}};

  static constexpr std::size_t quarter(std::uint32_t x, std::uint32_t y) {
    return (x >= kWidth / 2 ? 1u : 0u) + (y >= kHeight / 2 ? 2u : 0u);
  }
};

enum class Expected : std::uint8_t { rgb, rgb_alpha, grey, grey_alpha };

/// The picture as a file, and how near its colours must come.
struct EncodedPicture {
  std::string name{};
  ImageFormat format = ImageFormat::unknown;
  Expected expected = Expected::rgb;
  int tolerance = 0;
  bool is_still = true;  ///< false: more follows behind the first frame
  std::string bytes{};
};

/// Every kind of file that the codecs read.
std::vector<EncodedPicture> encoded_pictures();

/// The luminance that grey files of the picture hold.
std::uint8_t grey_of(const Picture::Color& color);

}  // namespace pixhaul::image
