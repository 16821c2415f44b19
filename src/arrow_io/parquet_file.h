#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "base/summed_file.h"

namespace arrow {
class MemoryPool;
class Schema;
class Table;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// A parquet file being written, group of rows by group of rows. Its bytes depend on the schema and
/// the values alone: not on the Arrow library's version stamp, how values lie in chunks, or the
/// time. One thread. After an error it is of no more use.
class ParquetFile {
 public:
  struct Settings {
    std::shared_ptr<arrow::Schema> schema{};
    /// A column of bytes that are compressed already and never alike: stored as they are.
    std::string stored_column{};
    arrow::MemoryPool* pool = nullptr;  ///< not owned, outlives this
  };

  /// `file` is empty and outlives this. Errors: output_unwritable (a type that parquet lacks).
  [[nodiscard]] static Result<std::unique_ptr<ParquetFile>> create(WritableFile& file,
                                                                   const Settings& settings);
  /// An unfinished file stays as it is.
  ~ParquetFile();

  /// REQUIRES: the table has the file's schema. Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<> write_group(const arrow::Table& table);
  /// Writes the footer. At most once. Errors: as write_group.
  [[nodiscard]] Result<FileFacts> finish();

 private:
  struct State;
  explicit ParquetFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul::arrow_io
