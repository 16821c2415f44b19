#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string_view>

#include "arrow_io/arrow_file.h"
#include "base/file.h"

namespace arrow {
class MemoryPool;
class Status;
class Table;
namespace io {
class RandomAccessFile;
}
}  // namespace arrow

namespace pixhaul::arrow_io {

/// A file of ours for Arrow to read. Keeps our error, as Arrow would make it a sentence. One
/// thread.
class ParquetSource {
 public:
  /// `file` and `pool` outlive what file() gave. `size`: of the file.
  ParquetSource(const RandomAccessFile& file, std::uint64_t size, arrow::MemoryPool* pool);

  [[nodiscard]] std::shared_ptr<arrow::io::RandomAccessFile> file() const;
  /// Ours if the disk could not be read, else state_damaged with what Arrow says of `doing`.
  [[nodiscard]] std::unexpected<Error> error_for(std::string_view doing,
                                                 const arrow::Status& status) const;

 private:
  ArrowFile file_;
};

/// Gives each group of rows of a parquet file to `visit`, every page decoded and every value
/// checked, columns in one chunk each. `doing`: for messages. Errors: state_damaged, those of the
/// disk, and of `visit`.
[[nodiscard]] Result<> for_each_group(const RandomAccessFile& file, std::uint64_t size,
                                      std::string_view doing, arrow::MemoryPool* pool,
                                      const std::function<Result<>(const arrow::Table&)>& visit);

}  // namespace pixhaul::arrow_io
