#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace pixhaul {

/// A growable byte buffer that is never zeroed and keeps its memory when cleared. Moved, never
/// copied. Bytes are appended at the end, either by copy or by writing into `writable()` and then
/// `commit()`.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity) { reserve(capacity); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::byte* data() { return bytes_.get(); }
  [[nodiscard]] const std::byte* data() const { return bytes_.get(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<std::byte> mutable_bytes() { return {bytes_.get(), size_}; }
  [[nodiscard]] std::string_view text() const;

  /// Room for at least `capacity` bytes in all; contents are kept, addresses are not.
  void reserve(std::size_t capacity);
  /// The unused tail, at least `least` bytes long (grows by doubling if it must).
  [[nodiscard]] std::span<std::byte> writable(std::size_t least);
  /// Counts `count` bytes written into `writable()` as contents.
  void commit(std::size_t count);
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text);
  /// Drops everything behind the first `size` bytes. REQUIRES: size <= this->size().
  void truncate(std::size_t size);
  /// Drops the first `count` bytes and moves the rest to the front.
  void remove_prefix(std::size_t count);
  void clear() { size_ = 0; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace pixhaul
