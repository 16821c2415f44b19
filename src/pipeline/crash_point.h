#pragma once

#include "ledger/commit.h"

namespace pixhaul::pipeline {

/// For the kill harness, and in builds with checks only (PIXHAUL_DCHECK): PIXHAUL_CRASH_POINT=P, or
/// P:K, ends the process by SIGKILL when the commit's crash point P is passed for the K-th time.
/// Elsewhere, and without the variable, nothing.
[[nodiscard]] ledger::CrashPoint crash_point_of_environment();

}  // namespace pixhaul::pipeline
