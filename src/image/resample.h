#pragma once

#include <span>
#include <string_view>

#include "image/filter.h"
#include "image/resize.h"

namespace pixhaul::image {

/// Filters `from` down its columns and across its rows into `to`, by the widest vectors that the
/// processor has, in integers: the same bytes with any.
/// REQUIRES: `across` is made for the widths, `down` for the heights; equal channels, 1 to 4; no
/// overlap.
void resample(const ConstPlane& from, const Plane& to, const Filter& across, const Filter& down);

/// A way to do that, for one kind of processor.
struct Resampler {
  std::string_view instructions;  ///< "AVX2", "NEON"; static text
  void (*run)(const ConstPlane& from, const Plane& to, const Filter& across, const Filter& down);
};

/// Those that this processor can do, the one with the widest vectors first; at least one.
[[nodiscard]] std::span<const Resampler> resamplers();

}  // namespace pixhaul::image
