#pragma once

#include <functional>

#include "base/file.h"
#include "pixhaul/outcome.h"
#include "writers/table_writer.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// Reads a table that create_rows_table() wrote, row by row in its order. Errors: state_damaged;
/// output_unwritable, where the disk cannot be read.
[[nodiscard]] Result<> read_rows_table(const RandomAccessFile& file,
                                       const std::function<void(const Row&)>& visit,
                                       arrow::MemoryPool* pool);

/// Reads the table NNNNN.parquet of a shard that img2dataset made, in its order, which is none.
/// `settings`: what this run would write; a table with other columns is refused. Statuses and texts
/// become ours (writers/sample_status.h), Row::path stays "". Errors: as read_rows_table;
/// other_input.
[[nodiscard]] Result<> read_shard_rows(const RandomAccessFile& file,
                                       const writers::TableSettings& settings,
                                       const std::function<void(const Row&)>& visit,
                                       arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
