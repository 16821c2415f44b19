#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/commit.h"
#include "ledger/layout.h"
#include "ledger/stats_file.h"

namespace pixhaul::ledger {

/// The shards whose stats file stands in `output`, ascending. Names that are not a number and
/// "_stats.json" are not ours and are left alone. Errors: other_input if the shards there are named
/// with another number of digits; output_unwritable.
[[nodiscard]] Result<std::vector<std::uint64_t>> shards_with_stats(Folder& output, int digits);

/// A shard that has a stats file.
struct DoneShard {
  ShardRecord record{};  ///< generation 0 without a record of ours
  StatsFacts stats{};
  bool differs = false;  ///< there is a record of ours, and the stats file is not the one it names
  std::string problem_file{};
  std::string problem{};  ///< why it is not done after all: "is 10 bytes, not 12"; "" if it is
};

/// By the record, if the stats file is the one it names; else by what the stats file says, ours or
/// another program's. Folders may be nullptr where there are none, but the output. Errors:
/// output_unwritable.
[[nodiscard]] Result<DoneShard> load_done_shard(const CommitFolders& folders,
                                                const ShardLayout& layout, std::uint64_t shard);

}  // namespace pixhaul::ledger
