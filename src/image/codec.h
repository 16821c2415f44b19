#pragma once

#include <string>

#include "base/clock.h"
#include "image/image.h"
#include "image/probe_step.h"

namespace pixhaul::image {

/// What a decoder may be made to do by a stranger's file; checked from the header, before any
/// memory that grows with the picture is taken.
struct DecodeLimits {
  std::uint64_t max_pixels = 50'000'000;  ///< width × height, of the canvas and of each frame
  std::uint32_t max_side = 65'535;
  std::uint32_t max_scans = 100;  ///< of a JPEG: each costs a pass over all coefficients
  /// Processor time; the codecs that go row by row (JPEG, PNG, GIF) look at it between rows. WebP,
  /// AVIF and BMP do not: their work is bounded by max_pixels alone.
  Duration max_cpu_time = std::chrono::seconds(5);
  /// Only where a crash costs one picture and nothing else.
  bool may_decode_tiff = false;
};

/// A picture that lost nothing on the way.
struct Decoded {
  Image image{};
  /// The first oddity that the decoder noticed and that cost no pixel; "" for none.
  std::string warning{};
  bool is_cmyk = false;  ///< in the file; the pixels are RGB
};

/// One image format. Immutable; any thread.
class Codec {
 public:
  /// Pixels of the whole picture, or of the first frame on its canvas; 16 bits become 8, palettes
  /// and CMYK become RGB. Orientation and colour profile are not applied.
  /// Errors: too_many_pixels, too_complex, decode_deadline; truncated; decode_error for anything
  /// else that lost data; unsupported_format for variants that are named in the detail.
  [[nodiscard]] virtual Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits) const = 0;

 protected:
  ~Codec() = default;
};

/// The codec of a format; null where there is none (what is never kept, and TIFF without leave).
[[nodiscard]] const Codec* find_codec(ImageFormat format, const DecodeLimits& limits = {});

/// Loads the libraries that codecs otherwise load at first use, for a process that is about to give
/// up its right to open files.
void load_codecs();

/// A body that is an image to its end.
struct Whole {
  ImageFormat format = ImageFormat::unknown;
  std::optional<Dimensions> size{};          ///< where the container says it
  std::optional<Orientation> orientation{};  ///< the same; EXIF does not count then
};

/// The format by the first bytes, and the container walked to its end. Errors: those of
/// `Probe::finish()`.
[[nodiscard]] Result<Whole> walk(Bytes bytes);

/// The codec of a format. Errors: unsupported_format, in a sentence.
[[nodiscard]] Result<const Codec*> need_codec(ImageFormat format, const DecodeLimits& limits);

/// The whole question of `--validate decode`, bytes in, pixels out: the format by its first bytes,
/// the container walked to its end, the header held against the limits, the pixels decoded.
/// Errors: those of `Probe::finish()` and of `Codec::decode()`.
[[nodiscard]] Result<Decoded> decode(Bytes bytes, const DecodeLimits& limits);

/// Errors: too_many_pixels, in a sentence with both numbers.
[[nodiscard]] Result<> check_dimensions(const Dimensions& dimensions, const DecodeLimits& limits);

}  // namespace pixhaul::image
