#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pixhaul::testing {

/// What to draw. Equal values give equal bytes.
struct ImageRequest {
  std::uint32_t width = 64;
  std::uint32_t height = 64;
  std::uint64_t seed = 1;
  std::string_view format = "jpg";  ///< jpg, png, webp, gif, bmp
  /// Exact size of the file, reached by a comment or ancillary chunk; 0 for as it comes.
  std::uint64_t bytes = 0;
};

/// A valid image file. Nothing when the format is unknown, a side is 0 or above 16383, or `bytes`
/// is less than the picture needs (or, for png, gif, webp, more by fewer than the 12, 3, 26 bytes
/// that the padding itself takes; webp also needs an even number).
[[nodiscard]] std::optional<std::string> make_image(const ImageRequest& request);

/// "image/jpeg" for "jpg".
[[nodiscard]] std::string_view media_type_of(std::string_view format);

}  // namespace pixhaul::testing
