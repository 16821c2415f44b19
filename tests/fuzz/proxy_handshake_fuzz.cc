// What a proxy answers, whole and byte by byte: both must end alike, and nothing is consumed that
// was not received. The first byte chooses the proxy's kind and whether there is a password.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "net/proxy.h"

namespace {

using namespace pixhaul;

struct End {
  bool stands = false;
  bool has_failed = false;
  std::size_t consumed = 0;
};

// `cut`: how many more bytes are there at each call.
End run(const net::Proxy& proxy, std::string_view wire, std::size_t cut) {
  const auto handshake = net::make_handshake(proxy, "a.test", 443).value();
  End end;
  for (std::size_t there = 0; !end.stands && !end.has_failed;) {
    handshake->consume_output(handshake->output().size());
    std::size_t consumed = 0;
    const Result<bool> got =
        handshake->receive(wire.substr(end.consumed, there - end.consumed), consumed);
    PIXHAUL_CHECK(consumed <= there - end.consumed);
    end.has_failed = !got;
    if (end.has_failed) break;
    end.stands = *got;
    end.consumed += consumed;
    if (there == wire.size()) break;
    there = std::min(there + cut, wire.size());
  }
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  net::Proxy proxy{.kind = net::ProxyKind{static_cast<std::uint8_t>(data[0] % 3)},
                   .host = "proxy.test",
                   .port = 1080};
  if (data[0] >= 128) proxy.user = proxy.password = "me";
  const std::string_view wire(reinterpret_cast<const char*>(data + 1), size - 1);
  const End whole = run(proxy, wire, wire.size());
  const End pieces = run(proxy, wire, 1);
  PIXHAUL_CHECK(whole.stands == pieces.stands);
  PIXHAUL_CHECK(!whole.stands || whole.consumed == pieces.consumed);
  return 0;
}
