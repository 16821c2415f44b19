#include "image/probe_gif.h"

#include <fmt/format.h>

namespace pixhaul::image {
namespace {

constexpr std::uint8_t kScreenLength = 13;     // "GIF89a" and the logical screen descriptor
constexpr std::uint8_t kDescriptorLength = 9;  // without its separator
constexpr std::uint8_t kLongestCode = 11;      // codes are at most 12 bits

// GIF89a §18 (c) vii and §20 (c) vi: a table of 3 × 2^(size + 1) bytes when the top bit is set.
std::uint64_t color_table_length(std::uint8_t flags) {
  return (flags & 0x80) == 0 ? 0 : std::uint64_t{3} << ((flags & 7) + 1);
}

}  // namespace

Step GifWalker::start() { return take_next(kScreenLength); }

Step GifWalker::next(State state, std::uint64_t skip, std::uint8_t count) {
  state_ = state;
  return skip_then_take(skip, count);
}

Step GifWalker::take(Bytes bytes, Findings& findings) {
  const std::uint8_t first = byte_at(bytes, 0);
  switch (state_) {
    case State::screen:
      return on_screen(bytes, findings);
    case State::block:
      return on_block(first, findings);
    case State::label:
      return next(State::sub_block, 0, 1);
    case State::descriptor:
      return next(State::code_size, color_table_length(byte_at(bytes, 8)), 1);
    case State::code_size:
      // GIF89a §22 (c) i: "LZW Minimum Code Size".
      if (first > kLongestCode) return refuse_damaged(findings, "GIF code size out of range");
      return next(State::sub_block, 0, 1);
    case State::sub_block:
      return on_sub_block(first);
  }
  return refused_already();
}

Step GifWalker::on_screen(Bytes bytes, Findings& findings) {
  // GIF89a §18: logical screen width and height, flags, background, aspect ratio.
  if (!accept_dimensions(findings, little_16(bytes, 6), little_16(bytes, 8))) {
    return refused_already();
  }
  return next(State::block, color_table_length(byte_at(bytes, 10)), 1);
}

Step GifWalker::on_block(std::uint8_t introducer, Findings& findings) {
  switch (introducer) {
    case 0x2C:  // GIF89a §20: Image Separator
      in_image_ = true;
      has_data_ = false;
      return next(State::descriptor, 0, kDescriptorLength);
    case 0x21:  // GIF89a §23 to 26: Extension Introducer, then a label, then sub-blocks
      return next(State::label, 0, 1);
    case 0x3B:  // GIF89a §27: "This block is a single-field block indicating the end of the GIF
                // Data Stream."
      if (!has_image_) return refuse_damaged(findings, "GIF without an image before its trailer");
      return skip_then_end(0);
    default:
      return refuse_damaged(findings, fmt::format("unknown GIF block {:02X}", introducer));
  }
}

Step GifWalker::on_sub_block(std::uint8_t size) {
  // GIF89a §15, 16: each sub-block is a size byte and 1 to 255 bytes; a size of 0 terminates them.
  if (size > 0) {
    has_data_ = true;
    return next(State::sub_block, size, 1);
  }
  if (in_image_ && has_data_) has_image_ = true;
  in_image_ = false;
  return next(State::block, 0, 1);
}

std::optional<Error> GifWalker::finish(const End& end) const {
  if (end.is_complete()) return std::nullopt;
  return truncated_error("GIF ends before its trailer");
}

}  // namespace pixhaul::image
