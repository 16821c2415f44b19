#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// Reads a BMP's headers and asks for the pixel array they describe.
class BmpWalker {
 public:
  /// Whether `size` is the length of one of the info headers there are (BITMAPCOREHEADER to V5).
  [[nodiscard]] static bool is_info_length(std::uint32_t size);

  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { file_header, core, info };

  Step on_core(Bytes bytes, Findings& findings);
  Step on_info(Bytes bytes, Findings& findings);
  Step skip_pixels(std::uint64_t pixel_bytes, Findings& findings) const;

  State state_ = State::file_header;
  std::uint32_t file_size_ = 0;    // bfSize
  std::uint32_t pixels_at_ = 0;    // bfOffBits
  std::uint32_t info_length_ = 0;  // biSize
};

}  // namespace pixhaul::image
