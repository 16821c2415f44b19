#pragma once

#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/digest.h"
#include "image/process.h"
#include "pipeline/row_window.h"
#include "pixhaul/outcome.h"

namespace pixhaul::pipeline {

/// What becomes of a body that arrived whole.
struct SampleSettings {
  std::optional<image::ProcessSettings> process{};  ///< set when pictures are encoded anew
  std::optional<image::DecodeLimits> decode{};  ///< set when they are only decoded to be checked
  bool extract_exif = false;
  bool is_checked = true;  ///< false: anything is kept, recognised or not
};

/// Turns bodies into samples: digest, expected digest, pixels, tags. Everything between the network
/// and the output that costs processor time. One thread; takes milliseconds.
class SampleMaker {
 public:
  using Bytes = std::span<const std::byte>;

  /// `digest`: of the bytes as served; nullopt for none.
  SampleMaker(const SampleSettings& settings, std::optional<Digest> digest)
      : settings_(settings), digest_(std::move(digest)) {}

  /// The sample's bytes, valid until the next call or the body's end, and its facts in `outcome`. A
  /// body that is not wanted ends with its status there, for good: the same bytes would fail again.
  [[nodiscard]] Bytes make(Bytes body, const PendingRow& row, Outcome& outcome);

 private:
  bool has_expected_digest(const PendingRow& row, Outcome& outcome) const;
  [[nodiscard]] Bytes process(Bytes body, const PendingRow& row, Outcome& outcome);

  const SampleSettings settings_;
  std::optional<Digest> digest_;
  Buffer encoded_;
};

}  // namespace pixhaul::pipeline
