#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// Walks a PNG (W3C PNG, third edition; APNG too) from chunk to chunk to its IEND.
class PngWalker {
 public:
  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { signature, first_chunk, header, chunk };

  Step on_first_chunk(Bytes bytes, Findings& findings);
  Step on_header(Bytes bytes, Findings& findings);
  Step on_chunk(Bytes bytes, Findings& findings);

  State state_ = State::signature;
  bool has_data_ = false;  // an IDAT with at least one byte
};

}  // namespace pixhaul::image
