#pragma once

#include <functional>
#include <string_view>

#include "pixhaul/outcome.h"

namespace pixhaul::pipeline {

/// Which finished rows `retry_failed` chooses: "transient", "all", or statuses separated by commas;
/// null for "". Errors: bad_option, naming the word.
[[nodiscard]] Result<std::function<bool(const Row&)>> parse_retry_choice(std::string_view text);

}  // namespace pixhaul::pipeline
