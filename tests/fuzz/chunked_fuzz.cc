#include <cstdint>
#include <span>
#include <string>

#include "base/check.h"
#include "net/http1.h"

// A body decoded whole and the same body decoded byte by byte must agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul;
  const std::string wire(reinterpret_cast<const char*>(data), size);
  std::string whole = wire;
  net::ChunkDecoder decoder;
  const auto step = decoder.decode(std::as_writable_bytes(std::span(whole)));

  net::ChunkDecoder piecewise;
  std::string body;
  bool is_done = false;
  bool has_failed = false;
  std::size_t consumed = 0;
  while (consumed < size && !is_done && !has_failed) {
    std::byte byte{data[consumed]};
    const auto one = piecewise.decode(std::span(&byte, 1));
    has_failed = !one;
    if (!one) break;
    if (one->produced == 1) body += static_cast<char>(byte);
    consumed += one->consumed;
    is_done = one->done;
  }
  PIXHAUL_CHECK(step.has_value() == !has_failed);
  if (!step) return 0;
  PIXHAUL_CHECK(step->consumed == consumed && step->done == is_done);
  PIXHAUL_CHECK(std::string_view(whole).substr(0, step->produced) == body);
  PIXHAUL_CHECK(std::string_view(whole).substr(consumed) ==
                std::string_view(wire).substr(consumed));
  return 0;
}
