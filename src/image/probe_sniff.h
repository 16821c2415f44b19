#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// What the first bytes of a body are.
enum class Sniffed : std::uint8_t {
  more,     ///< cannot say yet
  format,   ///< `findings.format` is set; a walker exists for it
  text,     ///< words of some kind: for TextWalker
  refused,  ///< `findings.refusal` is set
};

/// `head`: the body's first bytes, at most kMostTaken of them are looked at. Once kMostTaken bytes
/// are there, or `at_end` says that none will follow, the answer is never `more`. The answer does
/// not depend on how often it was asked before. Only bytes count: no name, no Content-Type.
[[nodiscard]] Sniffed sniff(Bytes head, bool at_end, Findings& findings);

}  // namespace pixhaul::image
