#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"

struct sockaddr;

namespace pixhaul::net {

enum class AddressFamily : std::uint8_t { v4, v6 };

/// An IP address. Ordered: every IPv4 address before every IPv6 one.
struct IpAddress {
  AddressFamily family = AddressFamily::v4;
  /// Network order; of an IPv4 address the first four, the rest 0.
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] static IpAddress v4(std::uint32_t value);  ///< host order: 0x7f000001 is 127.0.0.1
  [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);

  /// "203.0.113.7", or RFC 5952 without dotted parts: "2001:db8::1", "::ffff:7f00:1".
  [[nodiscard]] std::string text() const;
  /// The four bytes as a number, for IPv4 only.
  [[nodiscard]] std::uint32_t v4_value() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// Four decimal parts, or IPv6 (`::`, dotted tail) without brackets and without a scope id.
[[nodiscard]] std::optional<IpAddress> parse_ip_address(std::string_view text);

/// Where a connection goes.
struct SocketAddress {
  IpAddress ip{};
  std::uint16_t port = 0;  ///< host order

  [[nodiscard]] std::string text() const;  ///< "203.0.113.7:443", "[::1]:80"

  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

/// The kernel's form: room for any sockaddr, and how much of it is used.
struct SystemAddress {
  alignas(8) std::array<std::byte, 128> storage{};
  /// Of the sockaddr; before a call that fills it, set it to `storage.size()`.
  std::uint32_t size = 0;

  [[nodiscard]] const ::sockaddr* get() const;
  [[nodiscard]] ::sockaddr* get();
};

[[nodiscard]] SystemAddress to_system(const SocketAddress& address);
/// Empty for other families and for an IPv6 address with a scope id, which is never contacted.
[[nodiscard]] std::optional<SocketAddress> from_system(const ::sockaddr* address, std::size_t size);

/// The addresses of this machine's interfaces, sorted; empty if the system will not say.
[[nodiscard]] std::vector<IpAddress> local_addresses();

/// A block of addresses of one family.
struct Cidr {
  IpAddress base{};              ///< bits after the prefix are 0
  std::uint8_t prefix_bits = 0;  ///< 0-32 or 0-128

  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string text() const;  ///< "10.0.0.0/8"

  friend bool operator==(const Cidr&, const Cidr&) = default;
};

/// "10.0.0.0/8", "fd00::/8", or one address; bits after the prefix are cleared. Error: bad_option.
[[nodiscard]] Result<Cidr> parse_cidr(std::string_view text);

}  // namespace pixhaul::net

template <>
struct std::hash<pixhaul::net::IpAddress> {
  std::size_t operator()(const pixhaul::net::IpAddress& address) const noexcept;
};

template <>
struct std::hash<pixhaul::net::SocketAddress> {
  std::size_t operator()(const pixhaul::net::SocketAddress& address) const noexcept;
};
