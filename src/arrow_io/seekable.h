#pragma once

#include <memory>
#include <string_view>

#include "base/file.h"

namespace arrow {
class MemoryPool;
namespace io {
class RandomAccessFile;
}
}  // namespace arrow

namespace pixhaul::arrow_io {

/// `file` itself if it can be read anywhere, otherwise its bytes in a temporary file that has no
/// name (in $TMPDIR or /tmp): a parquet file from a pipe or a compressed one. `name`: for messages.
/// Errors: input_unreadable.
[[nodiscard]] Result<std::unique_ptr<ReadableFile>> make_seekable(
    std::unique_ptr<ReadableFile> file, std::string_view name);

/// `file` as Arrow wants it. Shared because Arrow's readers share it. `pool`: of the bytes read;
/// outlives them. REQUIRES: is_seekable().
[[nodiscard]] std::shared_ptr<arrow::io::RandomAccessFile> make_arrow_file(
    std::unique_ptr<ReadableFile> file, arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
