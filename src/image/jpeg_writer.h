#pragma once

#include <memory>

#include "base/buffer.h"
#include "image/probe_step.h"

struct jpeg_compress_struct;

namespace pixhaul::image {

/// What a JpegWriter is given: rows of one or three channels, or planes of samples as they are to
/// be coded (libjpeg's raw data), colour at half resolution.
enum class JpegInput : std::uint8_t { grey_rows, rgb_rows, grey_plane, color_planes };

/// libjpeg writing one JPEG into memory: baseline, standard Huffman tables, the accurate integer
/// DCT, 4:2:0. One thread.
class JpegWriter {
 public:
  JpegWriter();
  ~JpegWriter();

  /// Begins a file and writes its header. REQUIRES: quality 1 to 100, no side 0.
  /// Errors: too_many_pixels.
  [[nodiscard]] Result<> open(const Dimensions& size, JpegInput input, int quality);

  /// The library's own state. What is called on it may jump out, so only within `run()`.
  [[nodiscard]] jpeg_compress_struct& jpeg();

  /// As JpegReader::run(). Errors: internal.
  template <class Work>
  [[nodiscard]] Result<> run(Work work) {
    return run(&work, [](void* erased) { (*static_cast<Work*>(erased))(); });
  }

  /// The file, after jpeg_finish_compress().
  [[nodiscard]] Buffer take_bytes();

 private:
  struct State;

  [[nodiscard]] Result<> run(void* work, void (*call)(void*));

  std::unique_ptr<State> state_;
};

}  // namespace pixhaul::image
