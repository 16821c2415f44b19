#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Undoes a Content-Encoding as the body arrives (RFC 9110 §8.4): gzip, x-gzip, deflate (zlib or
/// bare), br. One layer; a stranger's bomb is bounded by `max_bytes` and, past 1 MiB of output, by
/// 100 : 1. One thread.
class ContentDecoder {
 public:
  /// `content_encoding`: the field's value, several fields joined by commas. Null for identity,
  /// which needs no decoder. Errors: encoding_limit (unknown, or more than one).
  [[nodiscard]] static Result<std::unique_ptr<ContentDecoder>> create(
      std::string_view content_encoding, std::uint64_t max_bytes);
  ~ContentDecoder();
  ContentDecoder(const ContentDecoder&) = delete;
  ContentDecoder& operator=(const ContentDecoder&) = delete;

  /// Appends to `out` what `in` decodes to. Bytes behind the end of the stream are dropped.
  /// Errors: encoding_limit (malformed, or above the ratio), too_large.
  [[nodiscard]] Result<> decode(std::span<const std::byte> in, Buffer& out);
  /// The body has ended. Errors: truncated (the stream has not); a body of no bytes at all is
  /// whole.
  [[nodiscard]] Result<> finish() const;

  /// One coding's library behind one face; only the .cc knows them.
  class Engine;

 private:
  ContentDecoder(std::unique_ptr<Engine> engine, std::uint64_t max_bytes);
  [[nodiscard]] Result<> check_limits() const;

  std::unique_ptr<Engine> engine_;
  std::uint64_t max_bytes_;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t given_bytes_ = 0;
};

}  // namespace pixhaul::net
