#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/unique_fd.h"
#include "image/process.h"

namespace pixhaul::sandbox {

/// What a worker is asked to do with the body.
enum class TaskKind : std::uint8_t {
  process,  ///< `image::process()`
  pixels,   ///< `image::process_to_pixels()`
  check,    ///< `image::decode()`; the pixels are thrown away
};

/// The order of one task. Written by the parent only.
struct Task {
  TaskKind kind = TaskKind::process;
  std::uint64_t body_bytes = 0;
  std::uint64_t box_count = 0;  ///< behind the body, at the next multiple of 8
  image::ProcessSettings settings{};
};

/// What came of it. Written by the worker, hence not believed: see `Decoder`.
struct Answer {
  std::uint32_t status = 0;  ///< an ErrorCode
  std::uint32_t is_original = 0;
  std::uint32_t format = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 0;  ///< of pixels
  std::uint32_t original_width = 0;
  std::uint32_t original_height = 0;
  std::uint32_t text_bytes = 0;  ///< of the detail or the warning
  std::uint64_t sample_bytes = 0;
  std::array<char, 1024> text{};
};

// Parent and worker are of one build, and what crosses has no pointers.
static_assert(std::is_trivially_copyable_v<Task> && std::is_trivially_copyable_v<Answer>);

/// The memory that a parent shares with its worker: task and answer, the body, the sample. Pages
/// that nobody wrote cost nothing. Its size is sealed, so that the worker cannot take it from under
/// the parent. Movable; one thread in each process.
class SharedRegion {
 public:
  /// Errors: internal (no memory, no descriptors).
  [[nodiscard]] static Result<SharedRegion> create(std::uint64_t body_capacity,
                                                   std::uint64_t sample_capacity);
  /// In the worker. Errors: internal when it is not such a region.
  [[nodiscard]] static Result<SharedRegion> open(UniqueFd file);
  SharedRegion(SharedRegion&& other) noexcept;
  SharedRegion& operator=(SharedRegion&&) = delete;
  ~SharedRegion();

  [[nodiscard]] int file() const { return file_.get(); }
  [[nodiscard]] Task& task() const { return head_->task; }
  [[nodiscard]] Answer& answer() const { return head_->answer; }
  /// Room for the body and its boxes.
  [[nodiscard]] std::span<std::byte> body() const;
  [[nodiscard]] std::span<std::byte> sample() const;
  /// Gives the pages of body and sample back to the system once they are many.
  void release_pages(std::uint64_t used_bytes) const;

 private:
  struct Head {
    std::uint64_t body_capacity = 0;
    std::uint64_t sample_capacity = 0;
    Task task{};
    Answer answer{};
  };
  SharedRegion(UniqueFd file, Head* head, std::uint64_t body_capacity,
               std::uint64_t sample_capacity);
  [[nodiscard]] static Result<SharedRegion> map(UniqueFd file, std::uint64_t body_capacity,
                                                std::uint64_t sample_capacity);

  UniqueFd file_;
  Head* head_ = nullptr;
  // The mapped copies belong to both processes; these do not.
  std::uint64_t body_capacity_ = 0;
  std::uint64_t sample_capacity_ = 0;
};

/// Where the boxes stand behind a body of that size.
[[nodiscard]] constexpr std::uint64_t boxes_offset(std::uint64_t body_bytes) {
  return (body_bytes + 7) / 8 * 8;
}

}  // namespace pixhaul::sandbox
