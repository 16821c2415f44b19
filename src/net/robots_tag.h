#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::net {

/// Whether a response's X-Robots-Tag fields forbid the use of its image. `header_values`: every
/// field's value; `directives`: which ones forbid, e.g. "noai", "noindex"; `user_agent_token`:
/// ours, e.g. "pixhaul". `none` counts as noindex and nofollow. All comparisons ignore case. Where
/// a value can be read two ways, the reading that forbids is taken.
[[nodiscard]] bool disallows(std::span<const std::string_view> header_values,
                             const std::vector<std::string>& directives,
                             std::string_view user_agent_token);

/// Whether a `tdm-reservation` field reserves text and data mining (TDMRep §6.1: exactly "1").
[[nodiscard]] bool reserves_mining(std::string_view tdm_reservation);

}  // namespace pixhaul::net
