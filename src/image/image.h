#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"

namespace pixhaul::image {

/// Owned pixels: height × width × channels, row-major from the top left, 8 bit, rows without gaps.
/// Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; alpha is straight, 255 opaque.
/// New pixels are not initialised: whoever creates an image writes every row before handing it on.
/// Moved, never copied. One thread.
class Image {
 public:
  Image() = default;
  /// REQUIRES: sides above 0, channels 1 to 4, and limits checked: the memory is taken at once.
  Image(std::uint32_t width, std::uint32_t height, std::uint32_t channels)
      : width_(width), height_(height), channels_(channels) {
    PIXHAUL_CHECK(width > 0 && height > 0 && channels >= 1 && channels <= 4);
    pixels_ = std::make_unique_for_overwrite<std::uint8_t[]>(size_bytes());
  }

  [[nodiscard]] std::uint32_t width() const { return width_; }
  [[nodiscard]] std::uint32_t height() const { return height_; }
  [[nodiscard]] std::uint32_t channels() const { return channels_; }
  [[nodiscard]] std::size_t stride_bytes() const { return std::size_t{width_} * channels_; }
  [[nodiscard]] std::size_t size_bytes() const { return stride_bytes() * height_; }
  [[nodiscard]] bool empty() const { return pixels_ == nullptr; }

  /// The pixels themselves; the image is empty afterwards.
  [[nodiscard]] std::unique_ptr<std::uint8_t[]> take_pixels() && { return std::move(pixels_); }

  [[nodiscard]] std::span<std::uint8_t> pixels() { return {pixels_.get(), size_bytes()}; }
  [[nodiscard]] std::span<const std::uint8_t> pixels() const {
    return {pixels_.get(), size_bytes()};
  }
  /// REQUIRES: y < height.
  [[nodiscard]] std::span<std::uint8_t> row(std::uint32_t y) {
    PIXHAUL_DEBUG_CHECK(y < height_);
    return pixels().subspan(y * stride_bytes(), stride_bytes());
  }
  [[nodiscard]] std::span<const std::uint8_t> row(std::uint32_t y) const {
    PIXHAUL_DEBUG_CHECK(y < height_);
    return pixels().subspan(y * stride_bytes(), stride_bytes());
  }

 private:
  std::unique_ptr<std::uint8_t[]> pixels_;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::uint32_t channels_ = 0;
};

}  // namespace pixhaul::image
