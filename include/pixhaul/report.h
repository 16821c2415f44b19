#pragma once

#include <cstdint>
#include <string>

#include "pixhaul/result.h"

namespace pixhaul {

enum class ReportFormat : std::uint8_t { html, json, md };

/// What stands in an output folder, of a run that has ended or goes on: what came, what failed and
/// why, sizes, formats, aspect ratios, hosts, speeds, copies by digest. `html` is one page that
/// needs nothing else, with pictures encoded anew; `json` one object with a `version`, in which
/// members are only added; `md` the page's tables. Reads every row once, a shard at a time: memory
/// does not grow with the folder. Rows of shards that another program made are counted and not
/// looked into. Changes nothing. Errors: input_unreadable (no such folder, or none of pixhaul's and
/// img2dataset's), state_damaged, output_unwritable (it cannot be read).
[[nodiscard]] Result<std::string> report(const std::string& output_folder, ReportFormat format);

}  // namespace pixhaul
