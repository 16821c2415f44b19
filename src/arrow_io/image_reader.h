#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// The image of row `row` of a shard's table, from the one row group and column that hold it: the
/// table's only column of bytes. Errors: state_damaged; output_unwritable, where the disk cannot be
/// read.
[[nodiscard]] Result<std::string> read_table_image(const RandomAccessFile& file, std::uint64_t row,
                                                   arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
