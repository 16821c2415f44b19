#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/digest.h"
#include "image/process.h"
#include "pipeline/decode_room.h"
#include "pipeline/row_window.h"
#include "pixhaul/options.h"
#include "pixhaul/outcome.h"
#include "sandbox/decoder.h"

namespace pixhaul::pipeline {

/// What becomes of a body that arrived whole.
struct SampleSettings {
  std::optional<image::ProcessSettings> process{};  ///< set when pictures are encoded anew
  std::optional<image::DecodeLimits> decode{};  ///< set when they are only decoded to be checked
  bool extract_exif = false;
  bool is_checked = true;     ///< false: anything is kept, recognised or not
  bool wants_digest = false;  ///< a row whose list expects no digest of it differs, too
  bool knows_sizes = true;    ///< false: rows say nothing of what was not decoded, as img2dataset's
  /// Where pictures are decoded in a process of their own; the program is "" where they are not.
  sandbox::DecoderSettings decoder{};
};

/// Turns bodies into samples: digest, expected digest, pixels, tags. Everything between the network
/// and the output that costs processor time. One thread; takes milliseconds.
class SampleMaker {
 public:
  using Bytes = std::span<const std::byte>;

  /// `hash`: of the bytes as served. Starts a decoder where the settings say so. `room`: what
  /// pictures wait for, shared by all threads; not owned, outlives this; nullptr where one thread
  /// makes all samples. Errors: bad_option (a digest that cannot be had), internal (the decoder
  /// does not start).
  [[nodiscard]] static Result<SampleMaker> create(const SampleSettings& settings, HashKind hash,
                                                  DecodeRoom* room = nullptr);

  /// The sample's bytes, valid until the next call or the body's end, and its facts in `outcome`. A
  /// body that is not wanted ends with its status there, for good: the same bytes would fail again.
  [[nodiscard]] Bytes make(Bytes body, const PendingRow& row, Outcome& outcome);
  /// The same as pixels; an empty image where `outcome` says why. REQUIRES: settings.process.
  [[nodiscard]] image::Image make_pixels(Bytes body, const PendingRow& row, Outcome& outcome);

 private:
  SampleMaker(const SampleSettings& settings, std::optional<Digest> digest,
              std::unique_ptr<sandbox::Decoder> decoder, DecodeRoom* room);
  bool has_expected_digest(const PendingRow& row, Outcome& outcome) const;
  [[nodiscard]] Bytes make_in_room(Bytes body, const PendingRow& row, Outcome& outcome);
  [[nodiscard]] Bytes process(Bytes body, const PendingRow& row, Outcome& outcome);
  [[nodiscard]] Result<> check(Bytes body);
  [[nodiscard]] bool enter_room(Bytes body, Outcome& outcome,
                                std::optional<DecodeRoom::Place>& place) const;
  [[nodiscard]] std::uint64_t working_set(Bytes body, const Outcome& outcome) const;

  const SampleSettings settings_;
  std::optional<Digest> digest_;
  std::unique_ptr<sandbox::Decoder> decoder_;  // null where pictures are decoded here
  DecodeRoom* const room_;
  Buffer encoded_;
};

}  // namespace pixhaul::pipeline
