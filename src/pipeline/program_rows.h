#pragma once

#include <memory>

#include "pixhaul/input.h"
#include "readers/reader.h"
#include "readers/table.h"

namespace pixhaul::pipeline {

/// A reader over rows that the calling program makes: a source of URLs, or a table, for which
/// arrow_io is loaded. `input.urls` outlives the reader; `input.table` is moved from. REQUIRES: one
/// of them is set. Errors: input_unreadable, one sentence with the remedy.
[[nodiscard]] Result<std::unique_ptr<readers::RowReader>> open_program_rows(
    const Input& input, const readers::TableSettings& settings);

}  // namespace pixhaul::pipeline
