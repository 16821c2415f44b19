#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"

namespace pixhaul::ledger {

/// What the run of a folder is: the options that shape its output, as text, in order.
struct Manifest {
  std::string version{};  ///< of pixhaul
  std::vector<std::pair<std::string, std::string>> options{};
};

/// Writes `wanted` if `folder` has no manifest yet; else refuses a run whose options differ from
/// those the folder was begun with. Errors: other_input, naming the first option that differs and
/// both values; state_damaged; disk_full, output_unwritable. `attempt` tells workers apart who may
/// begin at the same time.
[[nodiscard]] Result<> begin_or_continue(Folder& folder, const Manifest& wanted,
                                         std::string_view attempt);

/// What the manifest says of one option; nullopt without a manifest, or when it says nothing.
/// Errors: output_unwritable.
[[nodiscard]] Result<std::optional<std::string>> manifest_option(Folder& folder,
                                                                 std::string_view option);

}  // namespace pixhaul::ledger
