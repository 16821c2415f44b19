#include "image/probe_webp.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kChunkHead = 8;
constexpr std::uint8_t kLossyHead = 10;
constexpr std::uint8_t kLosslessHead = 5;
constexpr std::uint8_t kExtendedHead = 10;

std::uint32_t little_24(Bytes bytes, std::size_t at) {
  return little_16(bytes, at) | static_cast<std::uint32_t>(byte_at(bytes, at + 2)) << 16;
}

}  // namespace

Step WebpWalker::start() { return take_next(12); }

Step WebpWalker::take(Bytes bytes, Findings& findings) {
  switch (state_) {
    case State::riff:
      return on_riff(bytes, findings);
    case State::chunk:
      return on_chunk(bytes, findings);
    case State::lossy:
      return on_lossy(bytes, findings);
    case State::lossless:
      return on_lossless(bytes, findings);
    case State::extended:
      return on_extended(bytes, findings);
  }
  return refused_already();
}

Step WebpWalker::on_riff(Bytes bytes, Findings& findings) {
  // RFC 9649 §2.4: "File Size: 32 bits. The size of the file in bytes, starting at offset 8." Its
  // maximum is 2^32 - 10.
  const std::uint32_t size = little_32(bytes, 4);
  if (size < 4 + kChunkHead || size > 0xFFFFFFF6) {
    return refuse_damaged(findings, "WebP with an impossible file size");
  }
  riff_end_ = std::uint64_t{size} + 8;
  chunk_end_ = findings.position;
  return next_chunk(findings);
}

Step WebpWalker::next_chunk(Findings& findings) {
  if (chunk_end_ + kChunkHead > riff_end_) {
    if (!has_image_) return refuse_damaged(findings, "WebP without an image chunk");
    return skip_then_end(riff_end_ - findings.position);
  }
  state_ = State::chunk;
  return skip_then_take(chunk_end_ - findings.position, kChunkHead);
}

Step WebpWalker::on_chunk(Bytes bytes, Findings& findings) {
  // RFC 9649 §2.3: FourCC, size "not including this field, the chunk identifier, or padding"; "If
  // Chunk Size is odd, a single padding byte ... is added". The last padding byte is missing in
  // some files whose RIFF size does not count it either.
  const std::uint32_t size = little_32(bytes, 4);
  if (findings.position + size > riff_end_) {
    return refuse_damaged(findings, "WebP chunk longer than its file");
  }
  chunk_end_ = std::min(findings.position + size + (size & 1), riff_end_);

  struct Chunk {
    std::string_view type;
    State state;
    std::uint8_t head;
  };
  constexpr std::array kHeads = {Chunk{"VP8 ", State::lossy, kLossyHead},
                                 Chunk{"VP8L", State::lossless, kLosslessHead},
                                 Chunk{"VP8X", State::extended, kExtendedHead}};
  const std::string_view type(reinterpret_cast<const char*>(bytes.data()), 4);
  const auto* known = std::ranges::find(kHeads, type, &Chunk::type);
  const bool is_first = !std::exchange(has_chunk_, true);
  if (known == kHeads.end()) {
    // RFC 9649 §2.5 to 2.7: the first chunk is VP8, VP8L or VP8X.
    if (is_first) return refuse_damaged(findings, "WebP does not begin with an image chunk");
    if (type == "ANMF" && size > 0) has_image_ = true;
    return next_chunk(findings);
  }
  if (size < known->head) return refuse_damaged(findings, "WebP chunk too short");
  if (known->state == State::extended && !is_first) {
    return refuse_damaged(findings, "WebP with VP8X behind another chunk");
  }
  state_ = known->state;
  return take_next(known->head);
}

Step WebpWalker::on_lossy(Bytes bytes, Findings& findings) {
  // RFC 6386 §9.1: bit 0 of the frame tag is 0 for key frames; start code 9D 01 2A; then 14 bits of
  // width and of height, each below 2 bits of scale.
  if ((byte_at(bytes, 0) & 1) != 0 || byte_at(bytes, 3) != 0x9D || byte_at(bytes, 4) != 0x01 ||
      byte_at(bytes, 5) != 0x2A) {
    return refuse_damaged(findings, "WebP lossy frame without a key frame header");
  }
  has_image_ = true;
  if (!findings.dimensions &&
      !accept_dimensions(findings, little_16(bytes, 6) & 0x3FFF, little_16(bytes, 8) & 0x3FFF)) {
    return refused_already();
  }
  return next_chunk(findings);
}

Step WebpWalker::on_lossless(Bytes bytes, Findings& findings) {
  // RFC 9649 §3.4: signature 0x2F, 14 bits width - 1, 14 bits height - 1, alpha_is_used, 3 bits
  // version.
  const std::uint32_t bits = little_32(bytes, 1);
  if (byte_at(bytes, 0) != 0x2F || bits >> 29 != 0) {
    return refuse_damaged(findings, "WebP lossless image without its signature");
  }
  has_image_ = true;
  if (!findings.dimensions &&
      !accept_dimensions(findings, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)) {
    return refused_already();
  }
  return next_chunk(findings);
}

Step WebpWalker::on_extended(Bytes bytes, Findings& findings) {
  // RFC 9649 §2.7.1: canvas width - 1 and height - 1, 24 bits each; "The product of Canvas Width
  // and Canvas Height MUST be at most 2^32 - 1."
  const std::uint32_t width = little_24(bytes, 4) + 1;
  const std::uint32_t height = little_24(bytes, 7) + 1;
  if (std::uint64_t{width} * height > 0xFFFFFFFF) {
    return refuse_damaged(findings, "WebP canvas too large");
  }
  if (!accept_dimensions(findings, width, height)) return refused_already();
  return next_chunk(findings);
}

std::optional<Error> WebpWalker::finish(const End& end) const {
  if (end.is_complete()) return std::nullopt;
  return truncated_error("WebP ends before the size its RIFF header states");
}

}  // namespace pixhaul::image
