#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "image/codec.h"
#include "image/probe.h"

// Whatever a codec makes of the bytes, it stays within the limits and writes every pixel it hands
// out (MSan and valgrind see the sum that reads them).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul;
  const image::Bytes body = std::as_bytes(std::span<const std::uint8_t>(data, size));
  const image::DecodeLimits limits{.max_pixels = 1 << 20, .max_side = 1 << 14, .max_scans = 20};
  static_cast<void>(image::decode(body, limits));

  // Without the walk, which would refuse most of what a mutation leaves.
  image::Probe probe;
  probe.feed(body);
  const image::Codec* codec = image::find_codec(probe.format());
  if (codec == nullptr) return 0;
  const auto decoded = codec->decode(body, limits);
  if (!decoded) return 0;
  const image::Image& picture = decoded->image;
  if (std::uint64_t{picture.width()} * picture.height() > limits.max_pixels) std::abort();
  std::uint64_t sum = 0;
  for (const std::uint8_t value : picture.pixels()) sum += value;
  if (sum > picture.size_bytes() * std::uint64_t{255}) std::abort();
  return 0;
}
