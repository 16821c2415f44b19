#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/file.h"

namespace pixhaul::readers {

/// Passes bytes on and counts those that were read in order. One thread.
class CountedFile final : public ReadableFile {
 public:
  /// `read_bytes` is not owned and outlives this.
  CountedFile(std::unique_ptr<ReadableFile> file, std::uint64_t* read_bytes)
      : file_(std::move(file)), read_bytes_(read_bytes) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    Result<std::size_t> count = file_->read(into);
    if (count) *read_bytes_ += *count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return file_->size(); }
  bool is_seekable() const override { return file_->is_seekable(); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    return file_->read_at(offset, into);
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t* read_bytes_;
};

}  // namespace pixhaul::readers
