// Digests over OpenSSL's EVP, which picks the processor's SHA instructions. Fetching an algorithm
// and making a context cost more than hashing a small image, so both live as long as the object.
// CRC-32C is ours: one instruction per 8 bytes where the processor has SSE 4.2, asked once, and a
// table elsewhere. A sum is the remainder of the message as a polynomial, so a message is moved in
// front of another by multiplying its sum by a power of x, found from squares kept in a table: some
// 20 multiplications of 32 steps, whatever the lengths.
#include "base/digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace pixhaul {

struct Digest::State {
  EVP_MD* algorithm = nullptr;
  EVP_MD_CTX* context = nullptr;

  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
};

namespace {

const char* algorithm_name(DigestKind kind) {
  switch (kind) {
    case DigestKind::sha256:
      return "SHA256";
    case DigestKind::sha512:
      return "SHA512";
    case DigestKind::md5:
      return "MD5";
  }
  return "";
}

std::string finish_hex(EVP_MD_CTX* context) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned int size = 0;
  PIXHAUL_CHECK(EVP_DigestFinal_ex(context, raw.data(), &size) == 1);
  std::string hex(std::size_t{size} * 2, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    hex[2 * i] = kDigits[raw[i] >> 4];
    hex[2 * i + 1] = kDigits[raw[i] & 15];
  }
  return hex;
}

constexpr std::uint32_t kCrcPolynomial = 0x82f63b78;  // reflected: bit 31 is the coefficient of 1

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ ((value & 1) != 0 ? kCrcPolynomial : 0u);
    table[i] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

// The product of two remainders, reduced.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & 0x80000000u) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kCrcPolynomial : 0u);
  }
  return product;
}

// x^8, x^16, x^32, …: what one byte, two, four, … behind a message multiply its remainder by.
constexpr std::array<std::uint32_t, 64> make_byte_powers() {
  std::array<std::uint32_t, 64> powers{};
  powers[0] = 0x80000000u >> 8;
  for (std::size_t i = 1; i < powers.size(); ++i) {
    powers[i] = multiply(powers[i - 1], powers[i - 1]);
  }
  return powers;
}

constexpr std::array<std::uint32_t, 64> kBytePowers = make_byte_powers();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::byte> bytes,
                                                             std::uint32_t seed) {
  std::uint64_t crc = ~seed;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  std::uint32_t tail = static_cast<std::uint32_t>(crc);
  for (; left > 0; --left, ++at) tail = _mm_crc32_u8(tail, std::to_integer<unsigned char>(*at));
  return ~tail;
}
#endif

}  // namespace

Digest::Digest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Digest::~Digest() = default;
Digest::Digest(Digest&& other) noexcept = default;
Digest& Digest::operator=(Digest&& other) noexcept = default;

Result<Digest> Digest::create(DigestKind kind) {
  auto state = std::make_unique<State>();
  state->algorithm = EVP_MD_fetch(nullptr, algorithm_name(kind), nullptr);
  state->context = EVP_MD_CTX_new();
  if (state->algorithm == nullptr || state->context == nullptr ||
      EVP_DigestInit_ex2(state->context, state->algorithm, nullptr) != 1) {
    return std::unexpected(Error{
        .code = ErrorCode::bad_option,
        .detail = std::string(algorithm_name(kind)) + " is not allowed by this system's OpenSSL"});
  }
  return Digest(std::move(state));
}

void Digest::update(std::span<const std::byte> bytes) {
  PIXHAUL_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Digest::finish() {
  std::string hex = finish_hex(state_->context);
  reset();
  return hex;
}

std::string Digest::peek() const {
  EVP_MD_CTX* copy = EVP_MD_CTX_new();
  PIXHAUL_CHECK(copy != nullptr && EVP_MD_CTX_copy_ex(copy, state_->context) == 1);
  std::string hex = finish_hex(copy);
  EVP_MD_CTX_free(copy);
  return hex;
}

std::string Digest::of(std::span<const std::byte> bytes) {
  reset();
  update(bytes);
  return finish();
}

void Digest::reset() {
  // A null algorithm keeps the one the context has.
  PIXHAUL_CHECK(EVP_DigestInit_ex2(state_->context, nullptr, nullptr) == 1);
}

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  }
  return ~crc;
}

std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b) {
  for (std::size_t bit = 0; length_b != 0; ++bit, length_b >>= 1) {
    if ((length_b & 1) != 0) crc_a = multiply(kBytePowers[bit], crc_a);
  }
  return crc_a ^ crc_b;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
  if (kHasInstruction) return crc32c_sse42(bytes, seed);
#endif
  return crc32c_portable(bytes, seed);
}

}  // namespace pixhaul
