#pragma once

#include <vector>

#include "image/probe_step.h"

namespace pixhaul::image {

/// Walks an AVIF (AV1 Image File Format over ISO 14496-12 and 23008-12) box by box. The `meta` box,
/// some hundred bytes in practice, is gathered whole, since its parts refer to one another in any
/// order; all else is passed over.
class AvifWalker {
 public:
  static constexpr std::uint64_t kLongestMeta = 256 * 1024;

  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] Step scan(Bytes& input, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { box, large_size, meta, open_end };

  Step on_box(std::uint64_t size, std::uint64_t head, Findings& findings);
  Step on_meta(Findings& findings);
  Step next_box(std::uint64_t skip);

  State state_ = State::box;
  std::uint32_t type_ = 0;
  bool has_meta_ = false;
  bool has_movie_ = false;         // an image sequence may do without `meta`
  std::uint64_t meta_wanted_ = 0;  // length of the meta box's content
  std::uint64_t needed_size_ = 0;  // where the last extent of any item ends
  std::vector<std::byte> meta_{};
};

}  // namespace pixhaul::image
