#include "arrow_io/arrow_file.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <utility>

namespace pixhaul::arrow_io {

arrow::Status ArrowFile::Seek(std::int64_t position) {
  position_ = position;
  return arrow::Status::OK();
}

// What was read from is let go at once.
arrow::Status ArrowFile::Close() {
  is_closed_ = true;
  source_ = nullptr;
  return arrow::Status::OK();
}

arrow::Result<std::int64_t> ArrowFile::ReadAt(std::int64_t position, std::int64_t count,
                                              void* out) {
  if (position < 0 || count < 0) return arrow::Status::Invalid("a place outside the file");
  if (is_closed_) return arrow::Status::Invalid("the file is closed");
  const std::span<std::byte> into(static_cast<std::byte*>(out), static_cast<std::size_t>(count));
  Result<std::size_t> got = source_(static_cast<std::uint64_t>(position), into);
  if (got) return static_cast<std::int64_t>(*got);
  error_ = std::move(got).error();
  return arrow::Status::IOError(error_->detail);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ArrowFile::ReadAt(std::int64_t position,
                                                                std::int64_t count) {
  // A damaged length must not be allocated before it is found to be beyond the file.
  const std::int64_t room = std::max<std::int64_t>(0, size_ - std::max<std::int64_t>(0, position));
  ARROW_ASSIGN_OR_RAISE(
      auto buffer, arrow::AllocateResizableBuffer(std::clamp<std::int64_t>(count, 0, room), pool_));
  ARROW_ASSIGN_OR_RAISE(const std::int64_t got,
                        ReadAt(position, buffer->size(), buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(got));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<std::int64_t> ArrowFile::Read(std::int64_t count, void* out) {
  ARROW_ASSIGN_OR_RAISE(const std::int64_t got, ReadAt(position_, count, out));
  position_ += got;
  return got;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ArrowFile::Read(std::int64_t count) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, count));
  position_ += buffer->size();
  return buffer;
}

}  // namespace pixhaul::arrow_io
