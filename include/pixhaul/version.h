#pragma once

#include <string>
#include <vector>

namespace pixhaul {

inline constexpr int kVersionMajor = 0;
inline constexpr int kVersionMinor = 1;
inline constexpr int kVersionPatch = 0;

/// "0.1.0"
[[nodiscard]] std::string version();
/// The engines in this build, one a line: "OpenSSL 3.0.19", "nghttp2 1.52.0", …
[[nodiscard]] std::vector<std::string> engine_versions();

}  // namespace pixhaul
