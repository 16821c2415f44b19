#pragma once

#include <string>

#include "pixhaul/browse.h"

namespace pixhaul::dashboard {

/// What the gallery shows of a row, as one JSON object; times in milliseconds, null where a phase
/// did not happen.
[[nodiscard]] std::string row_json(const BrowseRow& row);

}  // namespace pixhaul::dashboard
