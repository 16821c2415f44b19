#pragma once

#include <string>
#include <string_view>

#include "ledger/run_folder.h"

namespace pixhaul::pipeline {

/// The rows' own file of a done shard that keeps its failed rows with the columns of their list, as
/// long as the list has columns and rows failed: "00017.failed.parquet".
[[nodiscard]] std::string failed_part_name(std::string_view shard);

/// Puts those of all done shards together into one table (RunFolder::failed_table_name) that can be
/// fed back, in order of shards; without any, the table is removed. Whether there is one. Errors:
/// disk_full, output_unwritable, state_damaged; input_unreadable when Arrow is missing.
[[nodiscard]] Result<bool> write_failed_table(ledger::RunFolder& run);

}  // namespace pixhaul::pipeline
