#pragma once

#include "cli/command.h"

namespace pixhaul::cli {

/// `pixhaul status OUT`: 0 when the folder's list is done, else 7.
[[nodiscard]] int run_status(const Invocation& invocation, const Console& console);
/// `pixhaul verify OUT [--deep]`: 0 when everything is as recorded and the list is done, 7 when
/// only the latter lacks, 4 when something is damaged.
[[nodiscard]] int run_verify(const Invocation& invocation, const Console& console);

}  // namespace pixhaul::cli
