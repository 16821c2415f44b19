#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "pixhaul/result.h"

namespace pixhaul {

enum class DigestKind : std::uint8_t { sha256, sha512, md5 };

/// A message digest fed in pieces and used again for the next message without new allocations. One
/// thread.
class Digest {
 public:
  /// Errors: bad_option, where the system's OpenSSL policy forbids the algorithm (md5 under FIPS).
  [[nodiscard]] static Result<Digest> create(DigestKind kind);
  ~Digest();
  Digest(Digest&& other) noexcept;
  Digest& operator=(Digest&& other) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  /// The digest in lower-case hex; then the object stands at an empty message again.
  [[nodiscard]] std::string finish();
  /// The digest of what came so far; more may follow.
  [[nodiscard]] std::string peek() const;
  /// One whole message.
  [[nodiscard]] std::string of(std::span<const std::byte> bytes);
  void reset();

 private:
  struct State;
  explicit Digest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes` behind a message whose value is `seed`.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);
[[nodiscard]] inline std::uint32_t crc32c(std::string_view text, std::uint32_t seed = 0) {
  return crc32c(std::as_bytes(std::span(text)), seed);
}
/// The value of two messages one behind the other, from the value of each and the second's length;
/// neither is looked at again.
[[nodiscard]] std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b,
                                           std::uint64_t length_b);
/// crc32c() by table, as machines without the instruction compute it.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<const std::byte> bytes,
                                            std::uint32_t seed = 0);

}  // namespace pixhaul
