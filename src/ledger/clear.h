#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file.h"

namespace pixhaul::ledger {

/// What `--incremental_mode overwrite` may remove.
struct ClearScope {
  Folder* output = nullptr;  ///< not owned
  Folder* state = nullptr;   ///< OUT/.pixhaul, locked; not owned
  bool is_alone = true;      ///< one worker: the manifest goes too, and nobody else may be at work
  std::string marker{};      ///< its name in `state`
  std::function<bool(std::uint64_t shard)> is_mine{};
};

/// Removes the shards of a folder that pixhaul or img2dataset made, and the state of its run: files
/// named as shards are, images named by their shard's keys, nothing else. A folder that neither of
/// them made is left as it is. Once begun it is finished by the next run, whatever that run wants:
/// half a folder is nobody's. With `begin` false only such a rest is done. Errors: output_busy,
/// disk_full, output_unwritable.
[[nodiscard]] Result<> clear_folder(const ClearScope& scope, bool begin);

}  // namespace pixhaul::ledger
