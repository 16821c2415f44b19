#pragma once

#include <string_view>

#include "image/filter.h"
#include "image/resize.h"

namespace pixhaul::image {

/// Filters `from` down its columns and across its rows into `to`, by the widest vectors that the
/// processor has, in integers: the same bytes with any.
/// REQUIRES: `across` is made for the widths, `down` for the heights; equal channels, 1 to 4; no
/// overlap.
void resample(const ConstPlane& from, const Plane& to, const Filter& across, const Filter& down);

/// Which vectors those are: "AVX2", "NEON"; static text.
[[nodiscard]] std::string_view vector_instructions();

}  // namespace pixhaul::image
