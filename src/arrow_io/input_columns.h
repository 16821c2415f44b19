#pragma once

#include <memory>
#include <string_view>

#include "pixhaul/result.h"

namespace arrow {
class MemoryPool;
class Table;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// The table that a reader's cut_columns() gave as one Arrow IPC stream, which is copied.
/// Everything in it is checked, as the stream may come from a disk that lost part of it. Without
/// metadata of the input's own (pandas' index, for one), which would speak of columns that are not
/// there any more. Errors: state_damaged.
[[nodiscard]] Result<std::shared_ptr<arrow::Table>> read_input_columns(std::string_view stream,
                                                                       arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
