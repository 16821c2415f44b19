#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

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

/// The texts of the column of that name, row by row, "" for none; no call where there is no such
/// column of texts. Errors: as read_table_image.
[[nodiscard]] Result<> read_table_texts(const RandomAccessFile& file, std::string_view column,
                                        const std::function<void(std::string_view)>& visit,
                                        arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
