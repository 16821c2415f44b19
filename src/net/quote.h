#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pixhaul::net {

/// `text` from outside, made fit for a message: in single quotes, at most about `limit_bytes` long
/// (then "..."), control characters, bidirectional overrides and bytes that are not UTF-8 as \xNN.
[[nodiscard]] std::string quote(std::string_view text, std::size_t limit_bytes = 100);

}  // namespace pixhaul::net
