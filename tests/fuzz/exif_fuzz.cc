#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "image/exif.h"

namespace {

/// What a reader of the column relies on: one line of ASCII, of bounded length.
void check(const std::string& text) {
  if (!text.starts_with('{') || !text.ends_with('}')) std::abort();
  if (text.size() > 4'000'000) std::abort();
  if (!std::ranges::all_of(text, [](char c) { return c >= 0x20; })) std::abort();
}

}  // namespace

// The bytes as a file, and as the tags of a JPEG.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul;
  const image::Bytes file = std::as_bytes(std::span(data, size));
  static_cast<void>(image::exif_orientation(file));
  check(image::exif_text(file));

  size = std::min<std::size_t>(size, 65'000);
  std::string jpeg = "\xFF\xD8\xFF\xE1";
  jpeg += static_cast<char>((size + 8) >> 8);
  jpeg += static_cast<char>(size + 8);
  jpeg.append("Exif\0\0", 6).append(reinterpret_cast<const char*>(data), size);
  const image::Bytes tags = std::as_bytes(std::span<const char>(jpeg));
  static_cast<void>(image::exif_orientation(tags));
  check(image::exif_text(tags));
  return 0;
}
