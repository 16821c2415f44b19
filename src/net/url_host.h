#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace pixhaul::net {

/// The canonical form of a URL's host (WHATWG URL, "host parsing"): a lower-case name with
/// international labels in their ASCII form, a dotted IPv4 address from any spelling of one, or an
/// IPv6 address in brackets. `text` is what stands between the slashes and the port, not empty. The
/// error says in words what is wrong.
[[nodiscard]] std::expected<std::string, std::string> parse_host(std::string_view text);

}  // namespace pixhaul::net
