#include "base/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace pixhaul {

Buffer::Buffer(Buffer&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

std::string_view Buffer::text() const {
  return {static_cast<const char*>(static_cast<const void*>(bytes_.get())), size_};
}

void Buffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
  bytes_ = std::move(grown);
  capacity_ = capacity;
}

std::span<std::byte> Buffer::writable(std::size_t least) {
  if (capacity_ - size_ < least) reserve(std::max(size_ + least, capacity_ * 2));
  return {bytes_.get() + size_, capacity_ - size_};
}

void Buffer::commit(std::size_t count) {
  PIXHAUL_DEBUG_CHECK(count <= capacity_ - size_);
  size_ += count;
}

void Buffer::append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  std::memcpy(writable(bytes.size()).data(), bytes.data(), bytes.size());
  size_ += bytes.size();
}

void Buffer::append(std::string_view text) { append(std::as_bytes(std::span(text))); }

void Buffer::truncate(std::size_t size) {
  PIXHAUL_DEBUG_CHECK(size <= size_);
  size_ = size;
}

void Buffer::remove_prefix(std::size_t count) {
  PIXHAUL_DEBUG_CHECK(count <= size_);
  if (count == 0) return;
  std::memmove(bytes_.get(), bytes_.get() + count, size_ - count);
  size_ -= count;
}

}  // namespace pixhaul
