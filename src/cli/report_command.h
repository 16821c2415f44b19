#pragma once

#include "cli/command.h"

namespace pixhaul::cli {

/// `pixhaul report OUT [--format html|json|md] [-o FILE|-]`: the page goes to OUT/report.html,
/// whose path is printed, text to standard output.
[[nodiscard]] int run_report(const Invocation& invocation, const Console& console);

}  // namespace pixhaul::cli
