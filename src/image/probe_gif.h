#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// Walks a GIF (87a, 89a) from block to block to its trailer.
class GifWalker {
 public:
  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { screen, block, label, descriptor, code_size, sub_block };

  Step on_screen(Bytes bytes, Findings& findings);
  Step on_block(std::uint8_t introducer, Findings& findings);
  Step on_sub_block(std::uint8_t size);
  Step next(State state, std::uint64_t skip, std::uint8_t count);

  State state_ = State::screen;
  bool has_image_ = false;  // an image descriptor with its data to the block terminator
  bool in_image_ = false;
  bool has_data_ = false;  // the image at hand has at least one data sub-block
};

}  // namespace pixhaul::image
