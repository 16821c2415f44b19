#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/http1.h"

// A head parsed whole and the same head parsed byte by byte must agree. Only the moment may differ
// at which two lines that contradict each other are refused: at once, or at the head's end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  net::ResponseHead whole;
  const Result<std::size_t> length = net::HeadParser().parse(bytes, whole);

  net::HeadParser parser;
  net::ResponseHead head;
  Result<std::size_t> pieced = 0;
  for (std::size_t end = 0; end <= size && pieced && *pieced == 0; ++end) {
    pieced = parser.parse(bytes.substr(0, end), head);
  }
  if (!length) {
    PIXHAUL_CHECK(!pieced || *pieced == 0);
    return 0;
  }
  PIXHAUL_CHECK(pieced.has_value());
  PIXHAUL_CHECK(*length == *pieced);
  if (*length == 0) return 0;
  PIXHAUL_CHECK(head.status == whole.status && head.framing == whole.framing);
  PIXHAUL_CHECK(head.fields.size() == whole.fields.size() && head.keep_alive == whole.keep_alive);
  PIXHAUL_CHECK(head.content_length == whole.content_length);
  return 0;
}
