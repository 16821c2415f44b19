#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/summed_file.h"
#include "pixhaul/outcome.h"
#include "writers/sample_status.h"

namespace pixhaul::writers {

/// Which columns a shard's table NNNNN.parquet has behind those of the input.
struct TableSettings {
  StatusStyle status_style = StatusStyle::ours;
  std::string hash_name{};     ///< "sha256"; "" for no hash column
  bool exif = false;           ///< has the column exif
  std::string image_column{};  ///< "jpg"; "" where the images lie in other files
};

/// A table with one line for each row of a shard, failures included, written from front to back.
/// Its bytes are a function of the rows and settings alone. One thread. After an error it is of no
/// more use. Errors of every function: disk_full, output_unwritable, state_damaged (the input's
/// columns are not what was cut, or not of this many rows).
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  /// The next row, in ascending order of keys and without gaps from the shard's first row on.
  /// `image`: used during the call; nullopt for a row without one and for tables without images.
  [[nodiscard]] virtual Result<> add(const Row& row,
                                     std::optional<std::span<const std::byte>> image) = 0;
  /// Writes the file's end. Syncing and closing is the caller's. At most once.
  [[nodiscard]] virtual Result<FileFacts> finish() = 0;
};

/// What a shard's table holds. `facts` are of the bytes as they were read.
struct TableContents {
  FileFacts facts{};
  std::uint64_t rows = 0;
  std::uint64_t samples = 0;  ///< rows that succeeded
};

/// A failed row and where it lies in its shard's columns.
struct FailedRow {
  std::uint32_t position = 0;  ///< in the shard, from 0
  Row row{};
};

/// All failed rows of a dataset in one table that can be fed back as a list: the input's columns,
/// url where they have none, status, detail and http_status. One shard is held at a time. One
/// thread. After an error it is of no more use. Errors: as TableWriter.
class FailedTable {
 public:
  virtual ~FailedTable() = default;
  /// `columns`: what the reader cut for the shard, "" where the list has none; used during the
  /// call. The first shard decides which columns there are and of which types; what a later one has
  /// otherwise is cast to them, or null. `rows`: in ascending order of position.
  [[nodiscard]] virtual Result<> add_shard(std::string_view columns,
                                           std::span<const FailedRow> rows) = 0;
  /// All rows of another such table, with the same care for its columns.
  [[nodiscard]] virtual Result<> add_table(const RandomAccessFile& table) = 0;
  /// Writes the file's end. Syncing and closing is the caller's. At most once.
  [[nodiscard]] virtual Result<FileFacts> finish() = 0;
};

}  // namespace pixhaul::writers
