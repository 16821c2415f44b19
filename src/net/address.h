#pragma once

#include <array>
#include <cstdint>

namespace pixhaul::net {

enum class AddressFamily : std::uint8_t { v4, v6 };

/// An IP address, network byte order; IPv4 in the first four bytes.
struct IpAddress {
  AddressFamily family = AddressFamily::v4;
  std::array<std::uint8_t, 16> bytes{};

  bool operator==(const IpAddress&) const = default;
};

struct SocketAddress {
  IpAddress ip{};
  std::uint16_t port = 0;

  bool operator==(const SocketAddress&) const = default;
};

}  // namespace pixhaul::net
