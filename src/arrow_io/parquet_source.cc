#include "arrow_io/parquet_source.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

class ParquetSource::File final : public arrow::io::RandomAccessFile {
 public:
  File(const pixhaul::RandomAccessFile& file, std::uint64_t size, arrow::MemoryPool* pool)
      : file_(file), size_(static_cast<std::int64_t>(size)), pool_(pool) {}

  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t bytes,
                                     void* out) override {
    auto count =
        file_.read_at(static_cast<std::uint64_t>(position),
                      std::span(static_cast<std::byte*>(out), static_cast<std::size_t>(bytes)));
    if (count) return static_cast<std::int64_t>(*count);
    error_ = std::move(count).error();
    return arrow::Status::IOError(error_->detail);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t bytes) override {
    // A damaged length must not be allocated before it is found to be beyond the file.
    bytes = std::clamp<std::int64_t>(size_ - position, 0, bytes);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes, pool_));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t count,
                          ReadAt(position, bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(count));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t count, ReadAt(position_, bytes, out));
    position_ += count;
    return count;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const pixhaul::RandomAccessFile& file_;
  const std::int64_t size_;
  arrow::MemoryPool* const pool_;  // not owned, outlives this
  std::optional<Error> error_;
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};

ParquetSource::ParquetSource(const pixhaul::RandomAccessFile& file, std::uint64_t size,
                             arrow::MemoryPool* pool)
    : file_(std::make_shared<File>(file, size, pool)) {}

std::shared_ptr<arrow::io::RandomAccessFile> ParquetSource::file() const { return file_; }

std::unexpected<Error> ParquetSource::error_for(std::string_view doing,
                                                const arrow::Status& status) const {
  if (file_->error()) return std::unexpected(*file_->error());
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
