#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "image/jpeg_planes.h"

// Whatever a JPEG claims of its planes, they are made, laid beside white and encoded, or refused;
// what was made is a JPEG that the codec takes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul::image;
  const Bytes jpeg = std::as_bytes(std::span<const std::uint8_t>(data, size));
  const DecodeLimits limits{.max_pixels = 1 << 18, .max_side = 1 << 12, .max_scans = 20};
  const auto facts = read_jpeg_facts(jpeg, limits);
  if (!facts) return 0;
  const auto byte = [&](std::size_t i) { return size > i ? data[size - 1 - i] : std::uint8_t{0}; };
  constexpr Interpolation kAll[] = {Interpolation::nearest, Interpolation::linear,
                                    Interpolation::cubic, Interpolation::area,
                                    Interpolation::lanczos};
  PlanesPlan plan{.resized = {1u + byte(0), 1u + byte(1)},
                  .output = {40, 33},
                  .left = byte(2) % 40 - byte(0) / 2,
                  .top = byte(3) % 33 - byte(1) / 2,
                  .interpolation = kAll[byte(4) % 5],
                  .grey = byte(5) % 2 == 0 ? Grey::keep : Grey::to_color};
  if (!can_stay_in_planes(*facts, plan)) return 0;
  const auto made = resize_in_planes(jpeg, plan, limits);
  if (made && !decode(made->bytes.bytes(), {})) std::abort();
  return 0;
}
