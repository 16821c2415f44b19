#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "image/codec.h"
#include "pixhaul/outcome.h"

namespace pixhaul::pipeline {

/// Decodes a body that arrived whole and drops the pixels; does nothing without `limits`. What does
/// not decode becomes the outcome's status and detail, for good: the same bytes would fail again.
/// Any thread, but not a loop's: it takes milliseconds.
void check_by_decoding(std::span<const std::byte> body,
                       const std::optional<image::DecodeLimits>& limits, Outcome& outcome);

}  // namespace pixhaul::pipeline
