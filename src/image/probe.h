#pragma once

#include <array>
#include <variant>

#include "image/probe_avif.h"
#include "image/probe_bmp.h"
#include "image/probe_gif.h"
#include "image/probe_jpeg.h"
#include "image/probe_png.h"
#include "image/probe_step.h"
#include "image/probe_text.h"
#include "image/probe_tiff.h"
#include "image/probe_webp.h"

namespace pixhaul::image {

/// Tells from a body's bytes, as they arrive in any cuts, what it is, how large the picture is, and
/// at the end whether it is whole: complete by a walk through its container to its end. Decodes
/// nothing, keeps at most kMostTaken bytes of the body (an AVIF's `meta` box is gathered too), and
/// allocates nothing for JPEG, PNG, WebP, GIF, BMP and TIFF unless it refuses them.
///
/// What the walk does not see: damage inside compressed data of the right length.
/// One thread. A probe is used again after `reset()`.
class Probe {
 public:
  /// The next bytes of the body; they need not outlive the call. Does nothing once refused but
  /// count.
  void feed(Bytes bytes);

  /// The body has ended. Errors: what `refusal()` says, or `truncated`, or `decode_error` when the
  /// container is whole but impossible. May be called again; no `feed()` after it but behind
  /// `reset()`.
  [[nodiscard]] Result<> finish();

  void reset() { *this = Probe(); }

  /// By first bytes; `unknown` until then and for bodies that are no image. svg, pdf and heic come
  /// with a refusal.
  [[nodiscard]] ImageFormat format() const { return findings_.format; }
  [[nodiscard]] bool is_format_known() const { return format() != ImageFormat::unknown; }
  /// The format is known or the body refused: at the latest after 4 KiB, for images after 64 bytes.
  [[nodiscard]] bool is_decided() const { return is_format_known() || findings_.refusal; }

  /// As soon as the header shows them; never with a zero.
  [[nodiscard]] const std::optional<Dimensions>& dimensions() const { return findings_.dimensions; }

  /// How the container itself wants the picture turned; EXIF is another matter.
  [[nodiscard]] std::optional<Orientation> orientation() const { return findings_.orientation; }

  /// Set as early as the bytes show that this body will never be accepted: `not_image`,
  /// `unsupported_format`, `too_complex`, `decode_error`; by `finish()` also `truncated`.
  [[nodiscard]] const std::optional<Error>& refusal() const { return findings_.refusal; }

  [[nodiscard]] std::uint64_t byte_count() const { return size_; }
  /// Bytes behind the container's end (MPO, Ultra HDR, appended archives); 0 where it has no end
  /// mark.
  [[nodiscard]] std::uint64_t trailing_bytes() const { return trailing_bytes_; }

 private:
  using Walker = std::variant<std::monostate, TextWalker, JpegWalker, PngWalker, WebpWalker,
                              GifWalker, AvifWalker, BmpWalker, TiffWalker>;
  struct Format;
  static const std::array<Format, 7> kFormats;

  Bytes sniff_more(Bytes input, bool at_end);
  void begin_walk(bool is_text);
  void walk(Bytes input);
  template <class W>
  void walk_with(W& walker, Bytes input);
  template <class W>
  Bytes take_with(W& walker, Bytes input);

  Walker walker_{};
  Step step_{};
  Findings findings_{};
  std::array<std::byte, kMostTaken> carry_;  // of a take cut in two; before the sniff, the head
  std::uint8_t carried_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t trailing_bytes_ = 0;
};

}  // namespace pixhaul::image
