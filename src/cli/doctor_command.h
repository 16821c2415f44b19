#pragma once

#include <span>
#include <string>

#include "cli/command.h"
#include "pixhaul/doctor.h"

namespace pixhaul::cli {

/// One line a finding, its advice on the next, and how many want a change at the end.
[[nodiscard]] std::string findings_text(std::span<const Finding> findings, std::size_t columns);

/// `pixhaul doctor [OUT] [options]`: what a run with these options would meet on this machine.
/// Returns 0, or 1 when something has to be changed for a run to go well.
[[nodiscard]] int run_doctor(const Invocation& invocation, const Console& console);

}  // namespace pixhaul::cli
