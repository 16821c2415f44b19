#pragma once

#include <string_view>

#include "base/file.h"
#include "writers/shard_check.h"
#include "writers/table_writer.h"

namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// Reads a shard's table to its end, group by group, img2dataset's too: every page is decompressed
/// and decoded, every row has a key and a status, and a row has an image exactly if it succeeded
/// (where `image_column` is not ""). `visit` gets each image; its place in the file is not known.
/// Errors: state_damaged, saying what; output_unwritable, where the disk cannot be read.
[[nodiscard]] Result<writers::TableContents> check_shard_table(const RandomAccessFile& file,
                                                               std::string_view image_column,
                                                               const writers::ImageVisitor& visit,
                                                               arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
