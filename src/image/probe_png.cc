#include "image/probe_png.h"

#include <algorithm>
#include <array>
#include <string_view>

// Chunks are passed over by their lengths; of the CRCs only IHDR's is checked. Summing up IDAT too
// would cost more than all other work of a transfer (about 0.5 ns a byte with a sliced table), and
// damage inside a chunk of the right length is what `validate decode` is for.

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kLongestChunk = 0x7FFFFFFF;
constexpr std::uint32_t kHeaderLength = 13;
constexpr std::uint32_t kCrcLength = 4;

std::string_view chunk_type(Bytes chunk_head) {
  return {reinterpret_cast<const char*>(chunk_head.data()) + 4, 4};
}

// PNG annex D: the CRC of ISO 3309, over type and data. Bit by bit: it is used for 17 bytes only.
std::uint32_t crc_32(std::string_view type, Bytes data) {
  std::uint32_t crc = 0xFFFFFFFF;
  const auto add = [&crc](std::uint8_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
  };
  for (const char letter : type) add(static_cast<std::uint8_t>(letter));
  for (const std::byte byte : data) add(static_cast<std::uint8_t>(byte));
  return ~crc;
}

// PNG §11.2.1, table 11.1: allowed combinations of colour type and bit depth.
bool is_allowed_depth(std::uint8_t color_type, std::uint8_t depth) {
  constexpr std::array<std::uint32_t, 7> kDepths = {1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 16,
                                                    0,
                                                    1 << 8 | 1 << 16,
                                                    1 << 1 | 1 << 2 | 1 << 4 | 1 << 8,
                                                    1 << 8 | 1 << 16,
                                                    0,
                                                    1 << 8 | 1 << 16};
  return color_type < kDepths.size() && depth <= 16 && (kDepths[color_type] >> depth & 1) != 0;
}

}  // namespace

Step PngWalker::start() { return take_next(8); }

Step PngWalker::take(Bytes bytes, Findings& findings) {
  switch (state_) {
    case State::signature:
      state_ = State::first_chunk;
      return take_next(8);
    case State::first_chunk:
      return on_first_chunk(bytes, findings);
    case State::header:
      return on_header(bytes, findings);
    case State::chunk:
      return on_chunk(bytes, findings);
  }
  return refused_already();
}

Step PngWalker::on_first_chunk(Bytes bytes, Findings& findings) {
  // PNG §5.6: IHDR "shall be first".
  if (chunk_type(bytes) != "IHDR" || big_32(bytes, 0) != kHeaderLength) {
    return refuse_damaged(findings, "PNG does not begin with IHDR");
  }
  state_ = State::header;
  return take_next(kHeaderLength + kCrcLength);
}

Step PngWalker::on_header(Bytes bytes, Findings& findings) {
  // PNG §11.2.1: width, height, bit depth, colour type, compression 0, filter 0, interlace 0 or 1.
  if (crc_32("IHDR", bytes.first(kHeaderLength)) != big_32(bytes, kHeaderLength)) {
    return refuse_damaged(findings, "PNG header with a wrong checksum");
  }
  const std::uint32_t width = big_32(bytes, 0);
  const std::uint32_t height = big_32(bytes, 4);
  if (width > kLongestChunk || height > kLongestChunk ||
      !is_allowed_depth(byte_at(bytes, 9), byte_at(bytes, 8)) || byte_at(bytes, 10) != 0 ||
      byte_at(bytes, 11) != 0 || byte_at(bytes, 12) > 1) {
    return refuse_damaged(findings, "PNG header with a value out of range");
  }
  if (!accept_dimensions(findings, width, height)) return refused_already();
  state_ = State::chunk;
  return take_next(8);
}

Step PngWalker::on_chunk(Bytes bytes, Findings& findings) {
  // PNG §5.3: length (of the data field only, at most 2^31 - 1), type (four ASCII letters), data,
  // CRC.
  const std::uint32_t length = big_32(bytes, 0);
  const std::string_view type = chunk_type(bytes);
  const bool letters = std::ranges::all_of(type, [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
  });
  if (length > kLongestChunk || !letters) return refuse_damaged(findings, "PNG chunk damaged");
  if (type == "IHDR") return refuse_damaged(findings, "a second IHDR in a PNG");
  if (type == "IDAT" && length > 0) has_data_ = true;
  if (type == "IEND") {
    if (!has_data_) return refuse_damaged(findings, "PNG without IDAT before its IEND");
    return skip_then_end(std::uint64_t{length} + kCrcLength);
  }
  return skip_then_take(std::uint64_t{length} + kCrcLength, 8);
}

std::optional<Error> PngWalker::finish(const End& end) const {
  if (end.is_complete()) return std::nullopt;
  return truncated_error(has_data_ ? "PNG ends before the end of its IEND chunk"
                                   : "PNG ends before its image data");
}

}  // namespace pixhaul::image
