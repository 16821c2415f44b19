#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "image/process.h"

// The first four bytes choose the settings, the others are the body. Whatever comes out must be a
// sample that can be read again, of the size that the facts say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul;
  using namespace pixhaul::image;
  if (size < 4) return 0;
  constexpr std::array kFormats = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp};
  const DecodeLimits limits{.max_pixels = 1 << 16, .max_side = 1 << 13, .max_scans = 20};
  ProcessSettings settings{.limits = limits};
  settings.transform = {.mode = static_cast<ResizeMode>(data[0] % 5),
                        .image_size = data[1] % 64 + 1u,
                        .resize_only_if_bigger = (data[0] & 0x80) != 0,
                        .upscale = static_cast<Interpolation>(data[2] % 5),
                        .downscale = static_cast<Interpolation>(data[2] / 8 % 5),
                        .color = static_cast<ColorMode>(data[2] >> 7),
                        .orientation = static_cast<OrientationMode>(data[0] >> 6 & 1)};
  settings.reencode = static_cast<Reencode>(data[3] % 3);
  settings.encode.format = kFormats[data[3] / 4 % 3];
  settings.encode.quality = settings.encode.format == ImageFormat::png ? 1 : 80;
  settings.may_blur = settings.reencode != Reencode::never;
  std::vector<Box> boxes;
  if (settings.may_blur && (data[3] & 0x80) != 0) boxes.push_back({-0.1, 0.2, 0.01 * data[1], 0.9});

  const Bytes body = std::as_bytes(std::span(data, size)).subspan(4);
  const auto sample = process(body, settings, boxes);
  if (!sample || settings.reencode == Reencode::never) return 0;
  const auto decoded = decode(sample->is_original ? body : sample->bytes.bytes(), limits);
  if (!decoded) std::abort();
  if (decoded->image.width() != sample->width) std::abort();
  if (decoded->image.height() != sample->height) std::abort();
  return 0;
}
