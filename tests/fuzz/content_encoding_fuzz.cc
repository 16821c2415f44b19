// The first byte chooses the coding and the cut. A limit holds however the bytes arrive, and what
// decodes whole decodes in pieces to the same.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/content_encoding.h"

namespace {

using namespace pixhaul;

constexpr std::array<std::string_view, 3> kCodings = {"gzip", "deflate", "br"};
constexpr std::uint64_t kLimit = 4 << 20;

std::optional<std::string> decode(std::string_view coding, std::span<const std::byte> bytes,
                                  std::size_t cut) {
  const auto decoder = net::ContentDecoder::create(coding, kLimit).value();
  Buffer out;
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(cut, bytes.size()));
    bytes = bytes.subspan(piece.size());
    if (!decoder->decode(piece, out)) return std::nullopt;
    PIXHAUL_CHECK(out.size() <= kLimit);
  }
  if (!decoder->finish()) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(out.data()), out.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view coding = kCodings[data[0] % 3];
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto whole = decode(coding, bytes, std::max<std::size_t>(bytes.size(), 1));
  const auto pieces = decode(coding, bytes, std::size_t{data[0]} / 3 + 1);
  PIXHAUL_CHECK(!whole || !pieces || *whole == *pieces);
  return 0;
}
