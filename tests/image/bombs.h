#pragma once

#include <cstdint>
#include <string>

namespace pixhaul::image {

// Files of a few hundred kilobytes that cost a decoder without limits seconds and gigabytes. They
// are what they claim: whole, legal files.

/// One bit a pixel, all of the first colour.
std::string png_bomb(std::uint32_t width, std::uint32_t height);
/// 16 bits a channel, all black.
std::string png_16_bit_bomb(std::uint32_t side);
/// A grey progressive JPEG, a multiple of 8 wide, whose last scan comes `scans` times.
std::string jpeg_scan_bomb(std::uint32_t side, std::uint32_t scans);
/// A canvas with that many frames of one pixel.
std::string gif_bomb(std::uint32_t side, std::uint32_t frames);

}  // namespace pixhaul::image
