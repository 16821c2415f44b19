#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "readers/input.h"
#include "readers/reader.h"

namespace pixhaul::pipeline {

/// Opens one list. Errors: input_unreadable.
using OpenList =
    std::function<Result<std::unique_ptr<readers::RowReader>>(const readers::InputFile& list)>;

/// A reader that shows its lists one by one (RowReader::has_next_list), each with the types of its
/// own columns. The first is opened here, so that a mistyped name is noticed before any work; the
/// others when it is their turn. Errors: input_unreadable. REQUIRES: there is a list.
[[nodiscard]] Result<std::unique_ptr<readers::RowReader>> open_list_by_list(
    std::vector<readers::InputFile> lists, OpenList open);

}  // namespace pixhaul::pipeline
