#pragma once

#include <memory>

#include "base/file.h"
#include "writers/table_writer.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// The table .pixhaul/rows/NNNNN.parquet: what is known of each row and may differ between two runs
/// over the same responses, so that it has no place in the dataset. Joined with it by key. Names
/// and meanings are those of the rows' JSON lines; unknown is null; times are milliseconds,
/// retrieved_at is in UTC. Images are ignored. `file` outlives the writer.
/// Errors: output_unwritable.
[[nodiscard]] Result<std::unique_ptr<writers::TableWriter>> create_rows_table(
    WritableFile& file, arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
