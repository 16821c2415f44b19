#include "arrow_io/arrow_file.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <algorithm>
#include <utility>

namespace pixhaul::arrow_io {

namespace {

class File final : public arrow::io::RandomAccessFile {
 public:
  File(ReadBytes read_at, std::uint64_t size, arrow::MemoryPool* pool,
       std::shared_ptr<std::optional<Error>> error)
      : read_at_(std::move(read_at)),
        size_(static_cast<std::int64_t>(size)),
        pool_(pool),
        error_(std::move(error)) {}

  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  // What was read from is let go at once.
  arrow::Status Close() override {
    is_closed_ = true;
    read_at_ = nullptr;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count,
                                     void* out) override {
    if (position < 0 || count < 0) return arrow::Status::Invalid("a place outside the file");
    if (is_closed_) return arrow::Status::Invalid("the file is closed");
    const std::span<std::byte> into(static_cast<std::byte*>(out), static_cast<std::size_t>(count));
    auto got = read_at_(static_cast<std::uint64_t>(position), into);
    if (got) return static_cast<std::int64_t>(*got);
    *error_ = std::move(got).error();
    return arrow::Status::IOError((*error_)->detail);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t count) override {
    // A damaged length must not be allocated before it is found to be beyond the file.
    const std::int64_t room =
        std::max<std::int64_t>(0, size_ - std::max<std::int64_t>(0, position));
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(
                                           std::clamp<std::int64_t>(count, 0, room), pool_));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got,
                          ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, ReadAt(position_, count, out));
    position_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, count));
    position_ += buffer->size();
    return buffer;
  }

 private:
  ReadBytes read_at_;
  const std::int64_t size_;
  arrow::MemoryPool* const pool_;
  const std::shared_ptr<std::optional<Error>> error_;
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace

ArrowFile make_arrow_file(ReadBytes read_at, std::uint64_t size, arrow::MemoryPool* pool) {
  auto error = std::make_shared<std::optional<Error>>();
  return {.file = std::make_shared<File>(std::move(read_at), size, pool, error),
          .error = std::move(error)};
}

}  // namespace pixhaul::arrow_io
