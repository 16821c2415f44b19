#pragma once

#include <cstdint>
#include <string_view>

namespace pixhaul::net {

/// The protocol a port belongs to when a URL may not name it (Fetch standard, "bad port"), else
/// empty.
[[nodiscard]] std::string_view bad_port_owner(std::uint16_t port);

}  // namespace pixhaul::net
