#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "pixhaul/result.h"

namespace arrow {
class MemoryPool;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// Bytes that can be read at any place, as Arrow's readers want them: never more of them allocated
/// than there are, whatever length a damaged file names. One thread.
class ArrowFile final : public arrow::io::RandomAccessFile {
 public:
  /// Reads at an offset; fewer bytes than asked for at the end only.
  using Source = std::function<Result<std::size_t>(std::uint64_t offset, std::span<std::byte>)>;

  /// `size`: in bytes. `pool`: of the buffers handed out; outlives them.
  ArrowFile(Source source, std::uint64_t size, arrow::MemoryPool* pool)
      : source_(std::move(source)), size_(static_cast<std::int64_t>(size)), pool_(pool) {}

  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override;
  arrow::Status Close() override;
  bool closed() const override { return is_closed_; }
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t count) override;
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override;

  /// Why the last read failed, if one did: Arrow's status keeps its text only.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  Source source_;
  const std::int64_t size_;
  arrow::MemoryPool* const pool_;
  std::optional<Error> error_{};
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace pixhaul::arrow_io
