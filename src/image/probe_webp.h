#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// Walks a WebP (RFC 9649) from chunk to chunk to the end that its RIFF header states.
class WebpWalker {
 public:
  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { riff, chunk, lossy, lossless, extended };

  Step on_riff(Bytes bytes, Findings& findings);
  Step on_chunk(Bytes bytes, Findings& findings);
  Step on_lossy(Bytes bytes, Findings& findings);
  Step on_lossless(Bytes bytes, Findings& findings);
  Step on_extended(Bytes bytes, Findings& findings);
  Step next_chunk(Findings& findings);

  State state_ = State::riff;
  bool has_chunk_ = false;
  bool has_image_ = false;      // VP8, VP8L or, in an animation, ANMF
  std::uint64_t riff_end_ = 0;  // file offsets
  std::uint64_t chunk_end_ = 0;
};

}  // namespace pixhaul::image
