#pragma once

#include <cstdint>
#include <optional>

#include "base/unique_fd.h"

namespace pixhaul::testing {

enum class Family : std::uint8_t { ipv4, ipv6 };
enum class SocketType : std::uint8_t { stream, datagram };

/// A socket bound to 127.0.0.1 or [::1]; nothing when the port is taken. Does not listen yet.
[[nodiscard]] std::optional<UniqueFd> bind_loopback(Family family, SocketType type,
                                                    std::uint16_t port);
[[nodiscard]] std::uint16_t local_port(int fd);

}  // namespace pixhaul::testing
