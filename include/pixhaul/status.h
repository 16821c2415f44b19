#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "pixhaul/result.h"

namespace pixhaul {

/// How far the run of a folder is; also while it works. Rows that are final but whose shard is not
/// done count as finished rows.
struct FolderStatus {
  std::uint64_t shards_done = 0;
  std::uint64_t shards_open = 0;
  std::uint64_t rows = 0;                      ///< with a final status
  std::uint64_t images = 0;                    ///< of them, successes
  std::uint64_t image_bytes = 0;               ///< of shards that pixhaul made
  std::array<std::uint64_t, 128> by_status{};  ///< indexed by ErrorCode
  /// Rows that failed in shards another program made: they have no status of ours.
  std::uint64_t rows_failed_elsewhere = 0;
  std::optional<std::uint64_t> rows_total{};  ///< once the list has been read to its end
  std::optional<double> rows_per_second{};    ///< from the start of the first shard to the last end
  std::optional<double> seconds_left{};       ///< at that rate
  std::string running{};                      ///< "process 1234" that holds the folder; "" for none
  bool is_complete = false;                   ///< every row of the list has a final status
};

/// Reads a folder's state; changes nothing. Errors: input_unreadable (no such folder, or none of
/// pixhaul's and img2dataset's).
[[nodiscard]] Result<FolderStatus> status(const std::string& output_folder);

}  // namespace pixhaul
