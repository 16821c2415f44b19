#pragma once

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
/// both values; state_damaged; disk_full, output_unwritable.
[[nodiscard]] Result<> begin_or_continue(Folder& folder, const Manifest& wanted);

}  // namespace pixhaul::ledger
