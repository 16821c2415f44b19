#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/commit.h"

namespace pixhaul::ledger {

/// What the ledger needs of a NNNNN_stats.json, img2dataset's commit marker (its 1.47, logger.py)
/// and ours. Ours says more in a member "pixhaul": {"files": [{"name": …, "bytes": …, "crc32c":
/// …}], …}.
struct StatsFacts {
  std::uint64_t count = 0;
  std::uint64_t successes = 0;
  double start_time = 0;  ///< seconds since the epoch
  double end_time = 0;
  bool is_ours = false;
  std::vector<CommitFile> files{};
};

/// Errors: state_damaged.
[[nodiscard]] Result<StatsFacts> parse_stats(std::string_view text);

}  // namespace pixhaul::ledger
