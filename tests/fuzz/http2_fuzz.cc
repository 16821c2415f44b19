// What a server sends, whole and in pieces: nothing may crash, and whatever arrives, each request
// hears exactly one end.

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"
#include "net/http2.h"

namespace {

using namespace pixhaul;

struct Counter final : net::StreamReceiver {
  int heads = 0;
  int ends = 0;
  void on_head(const net::ResponseHead& head) override {
    PIXHAUL_CHECK(head.status >= 200 && ends == 0);
    ++heads;
  }
  void on_body(std::span<const std::byte>) override { PIXHAUL_CHECK(heads == 1 && ends == 0); }
  void on_end() override { ++ends; }
  void on_failed(ErrorCode code, bool, std::string_view) override {
    PIXHAUL_CHECK(code != ErrorCode::success);
    ++ends;
  }
};

void run(std::span<const std::byte> bytes, std::size_t cut) {
  std::array<Counter, 4> counters;
  const auto session = net::Http2Session::create().value();
  for (Counter& counter : counters) {
    PIXHAUL_CHECK(session->submit({.scheme = "https", .authority = "a.test", .path = "/"}, &counter)
                      .has_value());
  }
  session->consume_output(session->output().size());
  Instant now{std::chrono::seconds(1)};
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(cut, bytes.size()));
    bytes = bytes.subspan(piece.size());
    if (!session->receive(piece, now)) break;
    session->consume_output(session->output().size());
    now += std::chrono::milliseconds(1);
  }
  session->fail_all(ErrorCode::connection_reset, "end");
  for (const Counter& counter : counters) PIXHAUL_CHECK(counter.heads <= 1 && counter.ends == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  run(bytes, std::max<std::size_t>(size, 1));
  run(bytes, 7);
  return 0;
}
