#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/buffer.h"

namespace pixhaul::readers {

/// UTF-16 in pieces to UTF-8 (RFC 2781); a lone surrogate or a last odd byte becomes U+FFFD. One
/// thread.
class Utf16Decoder {
 public:
  enum class Order : std::uint8_t { little, big };
  explicit Utf16Decoder(Order order) : order_(order) {}

  void decode(std::span<const std::byte> bytes, Buffer& out);
  /// The input has ended.
  void finish(Buffer& out);

 private:
  void take_unit(std::uint16_t unit, Buffer& out);

  Order order_;
  std::optional<std::byte> odd_byte_{};
  std::uint16_t high_surrogate_ = 0;
};

}  // namespace pixhaul::readers
