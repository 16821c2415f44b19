#pragma once

#include <span>
#include <string>

#include "base/buffer.h"
#include "image/codec.h"
#include "image/encode.h"
#include "image/transform.h"

namespace pixhaul::image {

/// When a sample's bytes are written anew.
enum class Reencode : std::uint8_t {
  never,       ///< bytes are kept as served; nothing is decoded (--disable_all_reencoding)
  if_changed,  ///< kept when no pixel changed and the format is the one asked for (--skip_reencode)
  always,
};

struct ProcessSettings {
  DecodeLimits limits{};
  TransformSettings transform{};
  Reencode reencode = Reencode::always;
  EncodeSettings encode{};
  bool may_blur = false;  ///< boxes may be given
};

/// A sample and what is known of it.
struct Processed {
  Buffer bytes{};            ///< empty when is_original
  bool is_original = false;  ///< the sample is the body itself
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t width = 0;  ///< of the sample; 0 when nothing was decoded and no header says it
  std::uint32_t height = 0;
  std::uint32_t original_width = 0;  ///< of the picture as served, upright
  std::uint32_t original_height = 0;
  std::string warning{};  ///< the decoder's first remark that cost no pixel; "" for none
};

/// The whole image stage: recognise, walk to the end, filter, decode, turn upright, put on white,
/// resize, blur, encode. Pure: the same bytes and settings give the same bytes on every machine
/// with the same codecs. Any thread; takes milliseconds.
///
/// With `never` the body must be whole and pass the filters; nothing else is looked at.
/// REQUIRES: check_encoding(); boxes only with `may_blur` and never with `never`: such a pair of
/// options is refused before.
/// Errors: not_image, unsupported_format, truncated, decode_error, too_many_pixels (also when the
/// resized picture would have more than allowed), too_complex, decode_deadline, filtered, bad_row
/// (boxes).
[[nodiscard]] Result<Processed> process(Bytes body, const ProcessSettings& settings,
                                        std::span<const Box> boxes);

/// A sample that stays pixels.
struct ProcessedPixels {
  Image image{};  ///< three channels, or one where ColorMode::keep leaves it
  ImageFormat format = ImageFormat::unknown;  ///< of the body
  std::uint32_t original_width = 0;           ///< of the picture as served, upright
  std::uint32_t original_height = 0;
  std::string warning{};
};

/// The same stage but for its last step: nothing is encoded. With Interpolation::area a JPEG that
/// is to become less than half is shrunk while it is decoded. `reencode` and `encode` of the
/// settings are ignored. Errors: as process().
[[nodiscard]] Result<ProcessedPixels> process_to_pixels(Bytes body, const ProcessSettings& settings,
                                                        std::span<const Box> boxes);

/// Upper bounds of the memory taken beside the body, to be charged before `process()` or `decode()`
/// is called.

/// Of `process()`, for a picture of that size; with a format, a closer one.
[[nodiscard]] std::uint64_t working_set_bytes(const Dimensions& size,
                                              const ProcessSettings& settings,
                                              ImageFormat format = ImageFormat::unknown);
/// The same, by what a JPEG's header says beyond its size: a quarter for what is not progressive.
/// Costs some microseconds.
[[nodiscard]] std::uint64_t working_set_bytes(Bytes body, const Dimensions& size,
                                              const ProcessSettings& settings, ImageFormat format);
/// Of `decode()`, its result included.
[[nodiscard]] std::uint64_t decoding_bytes(Bytes body, const Dimensions& size, ImageFormat format);

}  // namespace pixhaul::image
