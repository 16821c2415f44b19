#pragma once

#include "cli/command.h"

namespace pixhaul::cli {

/// `pixhaul compare`: announces, runs the rounds, shows the table and writes --json and --plot.
/// Returns the exit code.
[[nodiscard]] int run_compare(const Invocation& invocation, const Console& console);

/// Prints one line for an error and returns its exit code.
[[nodiscard]] int report(const Console& console, const Error& error);

}  // namespace pixhaul::cli
