#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "image/probe.h"

// The first byte chooses the cut; the answer must not depend on it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = std::size_t{data[0]} % 32 + 1;
  const pixhaul::image::Bytes body =
      std::as_bytes(std::span<const std::uint8_t>(data + 1, size - 1));

  pixhaul::image::Probe whole;
  whole.feed(body);
  const bool whole_accepted = whole.finish().has_value();

  pixhaul::image::Probe pieces;
  for (std::size_t at = 0; at < body.size(); at += cut) {
    pieces.feed(body.subspan(at, std::min(cut, body.size() - at)));
  }
  const bool pieces_accepted = pieces.finish().has_value();

  if (whole_accepted != pieces_accepted || whole.format() != pieces.format() ||
      whole.dimensions() != pieces.dimensions() ||
      whole.trailing_bytes() != pieces.trailing_bytes()) {
    std::abort();
  }
  if (whole_accepted && (!whole.is_format_known() || whole.refusal())) std::abort();
  return 0;
}
