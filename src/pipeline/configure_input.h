#pragma once

#include "pixhaul/options.h"
#include "readers/input.h"
#include "readers/table.h"
#include "readers/text.h"

namespace pixhaul::pipeline {

/// How the lists are read.
struct InputSettings {
  readers::ListFormat format = readers::ListFormat::automatic;
  readers::Comments comments = readers::Comments::skip;  ///< of text lists
  bool list_by_list = false;                             ///< RowReader::has_next_list
  readers::TableSettings table{};
};

/// Errors: bad_option.
[[nodiscard]] Result<InputSettings> configure_input(const Options& options);

}  // namespace pixhaul::pipeline
