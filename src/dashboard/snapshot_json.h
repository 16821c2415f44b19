#pragma once

#include <string>

#include "pixhaul/stats.h"

namespace pixhaul::dashboard {

/// The snapshot as one JSON object on one line: each field under its own name, `by_status` with the
/// statuses' words, of those that are not 0.
[[nodiscard]] std::string snapshot_json(const StatsSnapshot& now);

}  // namespace pixhaul::dashboard
