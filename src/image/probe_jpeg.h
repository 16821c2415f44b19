#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// Walks a JPEG (ITU-T T.81) from marker to marker to its EOI.
class JpegWalker {
 public:
  /// More scans than this are refused: a few hundred bytes a scan can cost a decoder a minute.
  static constexpr std::uint32_t kMostScans = 100;

  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] Step scan(Bytes& input, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { soi, marker, fill, length, frame };

  Step on_marker(std::uint8_t code, Findings& findings);
  Step on_length(std::uint32_t length, Findings& findings);
  Step on_frame(Bytes bytes, Findings& findings);
  Step next_marker(std::uint64_t skip);

  State state_ = State::soi;
  std::uint8_t code_ = 0;         // of the segment being read
  bool after_ff_ = false;         // the last byte scanned was 0xFF
  std::uint32_t frame_size_ = 0;  // length field of the SOF
  std::uint32_t scan_count_ = 0;
};

}  // namespace pixhaul::image
