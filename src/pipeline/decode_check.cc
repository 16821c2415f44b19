#include "pipeline/decode_check.h"

#include <utility>

namespace pixhaul::pipeline {

void check_by_decoding(std::span<const std::byte> body,
                       const std::optional<image::DecodeLimits>& limits, Outcome& outcome) {
  if (!limits) return;
  auto decoded = image::decode(body, *limits);
  if (decoded) return;
  outcome.status = decoded.error().code;
  outcome.detail = std::move(decoded.error().detail);
  outcome.transient = false;
}

}  // namespace pixhaul::pipeline
