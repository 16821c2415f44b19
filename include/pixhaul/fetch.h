#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "pixhaul/options.h"
#include "pixhaul/outcome.h"

namespace pixhaul {

/// One image: what became of it and, on success, its bytes as served.
struct Fetched {
  Outcome outcome{};
  std::vector<std::byte> body{};
};

/// Fetches one image over a connection of its own. A failed URL is an outcome, not an error.
/// Errors: bad_option.
[[nodiscard]] Result<Fetched> fetch(std::string_view url, const Options& options = {});

}  // namespace pixhaul
