#pragma once

#include <chrono>
#include <string>

#include "ledger/assembly.h"

namespace pixhaul::pipeline {

/// The text of NNNNN_stats.json: img2dataset 1.47's members (logger.py, write_stats), with the
/// names of statuses in `status_dict`, and ours under "pixhaul".
[[nodiscard]] std::string shard_stats_text(const ledger::Assembly& shard,
                                           const std::string& input_digest,
                                           std::chrono::system_clock::time_point started,
                                           std::chrono::system_clock::time_point ended);

}  // namespace pixhaul::pipeline
