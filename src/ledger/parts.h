#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace pixhaul::ledger {

/// The shards of one list: a folder has one part, and one more for each list that was added with
/// `--incremental_mode extend`. OUT/.pixhaul/parts/NNNNN.json names the first shard; NNNNN.end
/// holds the index behind the list's last row, once that was read; NNNNN.done.I says that worker I
/// has done all of its shards.
struct Part {
  struct End {
    std::uint64_t index = 0;  ///< behind the list's last row
    std::uint64_t rows = 0;   ///< of the list
  };
  std::uint64_t first_shard = 0;
  bool is_added = false;  ///< with `extend`
  std::uint32_t worker_count = 1;
  std::optional<End> end{};
  std::uint32_t done_count = 0;  ///< workers that are done
  [[nodiscard]] bool is_complete() const { return done_count >= worker_count; }
};

/// Ascending. Errors: output_unwritable.
[[nodiscard]] Result<std::vector<Part>> load_parts(Folder& folder);
/// Begins a part unless another worker has. Errors: disk_full, output_unwritable.
[[nodiscard]] Result<> begin_part(Folder& folder, const Part& part, std::uint32_t worker);
/// Errors: disk_full, output_unwritable.
[[nodiscard]] Result<> note_part_end(Folder& folder, std::uint64_t first_shard, Part::End end);
/// The worker has done all its shards, or (`done` false) has begun again. Errors: disk_full,
/// output_unwritable.
[[nodiscard]] Result<> note_part_done(Folder& folder, std::uint64_t first_shard,
                                      std::uint32_t worker, bool done);

}  // namespace pixhaul::ledger
