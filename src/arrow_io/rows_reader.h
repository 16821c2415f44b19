#pragma once

#include <functional>

#include "base/file.h"
#include "pixhaul/outcome.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// Reads a table that create_rows_table() wrote, row by row in its order. Errors: state_damaged;
/// output_unwritable, where the disk cannot be read.
[[nodiscard]] Result<> read_rows_table(const RandomAccessFile& file,
                                       const std::function<void(const Row&)>& visit,
                                       arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
