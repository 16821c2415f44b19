#pragma once

#include <memory>

#include "image/codec.h"

struct jpeg_decompress_struct;

namespace pixhaul::image {

/// libjpeg reading one JPEG, with its ways turned into ours: what loses data is an error on the
/// spot, other warnings are kept, more scans than allowed are `too_complex`. One thread.
class JpegReader {
 public:
  JpegReader();
  ~JpegReader();

  /// Begins, and reads up to the first scan. The bytes outlive the reader.
  /// Errors: truncated, decode_error, unsupported_format; too_many_pixels.
  [[nodiscard]] Result<> open(Bytes bytes, const DecodeLimits& limits);

  /// The library's own state. What is called on it may jump out, so only within `run()`.
  [[nodiscard]] jpeg_decompress_struct& jpeg();

  /// Calls `work()`, which libjpeg may leave by longjmp: it holds no object with a destructor and
  /// calls nothing that does.
  /// Errors: truncated, decode_error, unsupported_format, too_complex, decode_deadline.
  template <class Work>
  [[nodiscard]] Result<> run(Work work) {
    return run(&work, [](void* erased) { (*static_cast<Work*>(erased))(); });
  }

  /// The first oddity that cost no pixel; "" for none.
  [[nodiscard]] std::string take_warning();

 private:
  struct State;

  [[nodiscard]] Result<> run(void* work, void (*call)(void*));

  std::unique_ptr<State> state_;
};

}  // namespace pixhaul::image
