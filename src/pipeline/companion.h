#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::pipeline {

/// Where a file that is shipped with the command and with libpixhaul may stand, best first: beside
/// it (the build tree), in `../lib/pixhaul/` or `pixhaul/` (installed). Seen from the file that
/// holds this code.
[[nodiscard]] std::vector<std::string> companion_paths(std::string_view file_name);

}  // namespace pixhaul::pipeline
