#pragma once

#include <memory>

#include "base/file.h"
#include "writers/table_writer.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// The table .pixhaul/failed.parquet. Where a column of the input is called status, detail or
/// http_status, ours is called pixhaul_status and so on. `file` outlives it. Cannot fail yet: the
/// file is begun with its first shard.
[[nodiscard]] std::unique_ptr<writers::FailedTable> make_failed_table(WritableFile& file,
                                                                      arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
