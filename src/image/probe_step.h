#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "pixhaul/outcome.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

using Bytes = std::span<const std::byte>;

/// In pixels, as the header states them, before any orientation is applied.
struct Dimensions {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool operator==(const Dimensions&) const = default;
};

enum class Orientation : std::uint8_t;

/// What the bytes so far have shown.
struct Findings {
  ImageFormat format = ImageFormat::unknown;
  std::optional<Dimensions> dimensions{};
  std::optional<Orientation> orientation{};  ///< where the container itself says it, EXIF aside
  std::optional<Error> refusal{};
  std::uint64_t position = 0;  ///< file offset just behind the bytes handed to the walker
};

/// What a walker asks for: first `skip` bytes are passed over unseen, then as `kind` says. A walker
/// is a state machine over one container format with
///   Step start();                       the first step, at file offset 0
///   Step take(Bytes, Findings&);        the `count` bytes asked for, contiguous
///   Step scan(Bytes& input, Findings&); eats from the front of `input`, at least one byte
/// (either of these two may be absent where it is never asked for) and
///   std::optional<Error> finish(const End&) const;   the body has ended: whole or not
struct Step {
  enum class Kind : std::uint8_t {
    take,      ///< hand over `count` contiguous bytes, 1..kMostTaken
    scan,      ///< hand over whatever comes
    trailing,  ///< the container has ended; what follows is only counted
    refused,   ///< findings.refusal is set; nothing more is wanted
  };
  Kind kind = Kind::take;
  std::uint8_t count = 0;
  std::uint64_t skip = 0;
};

/// The most a walker may ask to have contiguous; bounds what a probe keeps of a body.
inline constexpr std::size_t kMostTaken = 64;

[[nodiscard]] inline Step take_next(std::uint8_t count) { return {.count = count}; }
[[nodiscard]] inline Step skip_then_take(std::uint64_t skip, std::uint8_t count) {
  return {.count = count, .skip = skip};
}
[[nodiscard]] inline Step scan_on() { return {.kind = Step::Kind::scan}; }
[[nodiscard]] inline Step skip_then_end(std::uint64_t skip) {
  return {.kind = Step::Kind::trailing, .skip = skip};
}
[[nodiscard]] inline Step refuse(Findings& findings, ErrorCode code, std::string detail) {
  findings.refusal = Error{.code = code, .detail = std::move(detail)};
  return {.kind = Step::Kind::refused};
}
[[nodiscard]] inline Step refuse_damaged(Findings& findings, std::string detail) {
  return refuse(findings, ErrorCode::decode_error, std::move(detail));
}

/// Where the body ended.
struct End {
  std::uint64_t size = 0;  ///< of the whole body
  Step step{};             ///< what was still wanted
  bool partial = false;    ///< some but not all bytes of a take had come

  /// The walker had seen the container's end and all that it skipped is there.
  [[nodiscard]] bool is_complete() const {
    return step.kind == Step::Kind::trailing && step.skip == 0;
  }
};

[[nodiscard]] inline Error truncated_error(std::string detail) {
  return {.code = ErrorCode::truncated, .detail = std::move(detail)};
}

/// Records the dimensions. Returns false, with the refusal set, when a side is zero.
[[nodiscard]] inline bool accept_dimensions(Findings& findings, std::uint32_t width,
                                            std::uint32_t height) {
  if (width == 0 || height == 0) {
    findings.refusal =
        Error{.code = ErrorCode::decode_error, .detail = width == 0 ? "zero width" : "zero height"};
    return false;
  }
  findings.dimensions = Dimensions{.width = width, .height = height};
  return true;
}
[[nodiscard]] inline Step refused_already() { return {.kind = Step::Kind::refused}; }

// Numbers from bytes. REQUIRES: at + the number's length <= bytes.size().
[[nodiscard]] inline std::uint8_t byte_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}
[[nodiscard]] inline std::uint32_t big_16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(byte_at(bytes, at)) << 8 | byte_at(bytes, at + 1);
}
[[nodiscard]] inline std::uint32_t big_32(Bytes bytes, std::size_t at) {
  return big_16(bytes, at) << 16 | big_16(bytes, at + 2);
}
[[nodiscard]] inline std::uint64_t big_64(Bytes bytes, std::size_t at) {
  return static_cast<std::uint64_t>(big_32(bytes, at)) << 32 | big_32(bytes, at + 4);
}
[[nodiscard]] inline std::uint32_t little_16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(byte_at(bytes, at + 1)) << 8 | byte_at(bytes, at);
}
[[nodiscard]] inline std::uint32_t little_32(Bytes bytes, std::size_t at) {
  return little_16(bytes, at + 2) << 16 | little_16(bytes, at);
}
[[nodiscard]] inline std::uint64_t little_64(Bytes bytes, std::size_t at) {
  return static_cast<std::uint64_t>(little_32(bytes, at + 4)) << 32 | little_32(bytes, at);
}

}  // namespace pixhaul::image
