#pragma once

#include <cstdint>
#include <functional>

#include "ledger/run_folder.h"

namespace pixhaul::ledger {

/// Writes OUT/failed.txt (RunFolder::failed_list_name), shard by shard: for each row without
/// success that `is_failure` chooses, a comment with its status, detail and place, and its URL as
/// the list has it, so that the file can be fed back. Rows without a URL that fits in a line leave
/// only the comment. Gives how many rows there are; with none, the file is removed. Errors:
/// disk_full, output_unwritable.
[[nodiscard]] Result<std::uint64_t> write_failed_list(
    RunFolder& run, const std::function<bool(const Row&)>& is_failure);

}  // namespace pixhaul::ledger
