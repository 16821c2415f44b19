#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/outcome.h"

namespace pixhaul::image {

/// A whole image, made in code. `bytes` holds raw bytes.
struct Sample {
  std::string name{};
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::string bytes{};
};

/// By the encoders people use: libjpeg, libpng, libwebp, giflib, libavif.
std::vector<Sample> encoded_samples();
/// Byte by byte: the variants that those encoders do not write.
std::vector<Sample> handmade_samples();
/// The one of either list with that name.
Sample sample(std::string_view name);

enum class Coding : std::uint8_t { baseline, progressive, restarts };
/// `noise` 0 to 255: how much of the picture is noise, for larger files.
std::string make_jpeg(std::uint32_t width, std::uint32_t height, Coding coding, int noise,
                      std::string_view exif = {});
/// An AVIF of 64 × 48 pixels that is to be turned by so many quarters counter-clockwise and then
/// mirrored: 0 exchanges top and bottom, 1 left and right.
std::string make_turned_avif(std::uint8_t quarters, std::optional<std::uint8_t> mirror);
/// A lossy WebP of 40 × 30 pixels.
std::string make_lossy_webp();

// Pieces of files.
std::string little(std::uint64_t value, int length);
std::string big(std::uint64_t value, int length);
/// A JPEG segment: marker, length, payload.
std::string segment(std::uint8_t code, std::string_view payload);
/// A PNG chunk with its CRC.
std::string png_chunk(std::string_view type, std::string_view data);
/// A RIFF chunk, padded to even.
std::string riff_chunk(std::string_view type, std::string_view data);
/// A WebP of these chunks.
std::string riff_file(std::string_view chunks);
/// An ISO box.
std::string box(std::string_view type, std::string_view content);

}  // namespace pixhaul::image
