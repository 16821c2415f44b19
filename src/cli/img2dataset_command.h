#pragma once

#include <span>
#include <string>

#include "cli/flags.h"
#include "pixhaul/img2dataset.h"

namespace pixhaul::cli {

/// What `pixhaul img2dataset` is asked for: a download, or its help. `arguments`: behind the
/// command's word. Errors: bad_option.
[[nodiscard]] Result<Invocation> parse_img2dataset_command(std::span<const std::string> arguments,
                                                           const Environment& environment);

/// Every parameter with its default.
[[nodiscard]] std::string img2dataset_help(std::size_t columns);

}  // namespace pixhaul::cli
