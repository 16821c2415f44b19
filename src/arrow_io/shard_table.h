#pragma once

#include <memory>
#include <string_view>

#include "base/file.h"
#include "writers/table_writer.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// The table NNNNN.parquet of a shard, as img2dataset 1.47 lays it out (downloader.py's schema,
/// writer.py's ParquetSampleWriter): the input's columns with their types; key, status,
/// error_message, width, height, original_width, original_height; exif; the hash; the image. Groups
/// of 100 rows, or fewer that hold 16 MiB of images. A column of the input with the hash's name
/// gives it its place and loses its values. Unlike there, failures have no gap in the order: rows
/// stand as their keys do.
/// `columns`: what the reader cut for the shard, "" where the list has none (then url is the only
/// input column); used during the call. `file` outlives the writer.
/// Errors: state_damaged; bad_option (a column of the input has the name of one of ours);
/// output_unwritable.
[[nodiscard]] Result<std::unique_ptr<writers::TableWriter>> create_shard_table(
    WritableFile& file, std::string_view columns, const writers::TableSettings& settings,
    arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
