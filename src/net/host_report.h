#pragma once

#include <vector>

#include "pixhaul/stats.h"

namespace pixhaul::net {

/// Worst first: down, parked, rate limited, paced, slow; within these, those with rows waiting,
/// then the longest wait for a first byte.
void sort_reports(std::vector<HostReport>& reports);

}  // namespace pixhaul::net
