#include "arrow_io/parquet_source.h"

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>

#include <cstdint>
#include <exception>
#include <span>
#include <utility>

#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

ParquetSource::ParquetSource(const pixhaul::RandomAccessFile& file, std::uint64_t size,
                             arrow::MemoryPool* pool)
    : file_(
          make_arrow_file([&file](std::uint64_t offset,
                                  std::span<std::byte> into) { return file.read_at(offset, into); },
                          size, pool)) {}

std::shared_ptr<arrow::io::RandomAccessFile> ParquetSource::file() const { return file_.file; }

std::unexpected<Error> ParquetSource::error_for(std::string_view doing,
                                                const arrow::Status& status) const {
  if (*file_.error) return std::unexpected(**file_.error);
  return failed(ErrorCode::state_damaged, doing, status);
}

namespace {

arrow::Result<std::shared_ptr<arrow::Table>> read_group(parquet::arrow::FileReader& reader,
                                                        int group, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto table, reader.ReadRowGroup(group));
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table->CombineChunks(pool);
}

}  // namespace

// Parquet's C++ throws; `visit` does not.
Result<> for_each_group(const pixhaul::RandomAccessFile& file, std::uint64_t size,
                        std::string_view doing, arrow::MemoryPool* pool,
                        const std::function<Result<>(const arrow::Table&)>& visit) {
  const ParquetSource source(file, size, pool);
  try {
    auto reader = parquet::arrow::OpenFile(source.file(), pool);
    if (!reader.ok()) return source.error_for(doing, reader.status());
    for (int i = 0; i < (*reader)->num_row_groups(); ++i) {
      auto group = read_group(**reader, i, pool);
      if (!group.ok()) return source.error_for(doing, group.status());
      if (auto visited = visit(**group); !visited) return visited;
    }
    return {};
  } catch (const std::exception& thrown) {
    return source.error_for(doing, arrow::Status::IOError(thrown.what()));
  }
}

}  // namespace pixhaul::arrow_io
