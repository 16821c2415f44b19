#include "readers/utf16.h"

namespace pixhaul::readers {

namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

void append_utf8(std::uint32_t point, Buffer& out) {
  const std::span<std::byte> room = out.writable(4);
  const auto tail = [point](int shift) {
    return static_cast<std::byte>(0x80 | ((point >> shift) & 0x3f));
  };
  if (point < 0x80) {
    room[0] = static_cast<std::byte>(point);
    out.commit(1);
  } else if (point < 0x800) {
    room[0] = static_cast<std::byte>(0xc0 | (point >> 6));
    room[1] = tail(0);
    out.commit(2);
  } else if (point < 0x10000) {
    room[0] = static_cast<std::byte>(0xe0 | (point >> 12));
    room[1] = tail(6);
    room[2] = tail(0);
    out.commit(3);
  } else {
    room[0] = static_cast<std::byte>(0xf0 | (point >> 18));
    room[1] = tail(12);
    room[2] = tail(6);
    room[3] = tail(0);
    out.commit(4);
  }
}

}  // namespace

void Utf16Decoder::decode(std::span<const std::byte> bytes, Buffer& out) {
  for (const std::byte byte : bytes) {
    if (!odd_byte_) {
      odd_byte_ = byte;
      continue;
    }
    const auto first = std::to_integer<unsigned>(*odd_byte_);
    const auto second = std::to_integer<unsigned>(byte);
    odd_byte_.reset();
    const unsigned unit = order_ == Order::little ? first | second << 8 : first << 8 | second;
    take_unit(static_cast<std::uint16_t>(unit), out);
  }
}

void Utf16Decoder::finish(Buffer& out) {
  if (high_surrogate_ != 0) append_utf8(kReplacement, out);
  if (odd_byte_) append_utf8(kReplacement, out);
  high_surrogate_ = 0;
  odd_byte_.reset();
}

void Utf16Decoder::take_unit(std::uint16_t unit, Buffer& out) {
  const bool high = unit >= 0xd800 && unit <= 0xdbff;
  const bool low = unit >= 0xdc00 && unit <= 0xdfff;
  if (high_surrogate_ != 0 && low) {
    const std::uint32_t point = 0x10000u + ((high_surrogate_ - 0xd800u) << 10) + (unit - 0xdc00u);
    high_surrogate_ = 0;
    return append_utf8(point, out);
  }
  if (high_surrogate_ != 0) append_utf8(kReplacement, out);
  high_surrogate_ = high ? unit : std::uint16_t{0};
  if (high) return;
  append_utf8(low ? kReplacement : unit, out);
}

}  // namespace pixhaul::readers
