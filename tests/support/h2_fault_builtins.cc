#include <string>

#include "support/builtin_scripts.h"
#include "support/connection.h"

// HTTP/2 attacks and awkward servers. What libnghttp2 would not send is put on the wire as raw
// frames.

namespace pixhaul::testing {
namespace {

constexpr auto kHttp2 = Builtin::Protocol::http2;

// RFC 9113 §6 and §7.
constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kPushPromise = 5;
constexpr std::uint8_t kPing = 6;
constexpr std::uint8_t kWindowUpdate = 8;
constexpr std::uint8_t kContinuation = 9;
constexpr std::uint8_t kEndHeaders = 4;
constexpr std::uint32_t kRefusedStream = 7;
constexpr std::uint16_t kMaxConcurrentStreams = 3;

std::string repeated(const std::string& frame, std::uint64_t count) {
  std::string out;
  for (std::uint64_t i = 0; i < count; ++i) out += frame;
  return out;
}

Script picture_after(Step step) {
  Script script = picture_reply();
  script.steps.insert(script.steps.begin(), std::move(step));
  return script;
}

// REFUSED_STREAM `fail` times for each key, then the picture: RFC 9113 §8.7 makes these free to
// retry.
Script refused(const Request& request, BuiltinState& state) {
  const std::uint64_t seen = state.next("refused " + request.text("key"));
  if (seen >= request.number("fail", 1)) return picture_reply();
  Script script;
  script.steps.push_back(Step::h2_reset_stream(kRefusedStream));
  script.steps.push_back(Step::stall());
  return script;
}

// RST_STREAM before the head, or after `at` body bytes.
Script reset_stream(const Request& request, BuiltinState&) {
  const auto code = static_cast<std::uint32_t>(request.number("code", 2));
  Script script;
  if (request.query.contains("at")) {
    script.steps.push_back(Step::head(200, {{"content-type", "image/jpeg"}}));
    script.steps.push_back(Step::body(plain_picture().substr(0, request.number("at", 0))));
  }
  script.steps.push_back(Step::h2_reset_stream(code));
  script.steps.push_back(Step::stall());
  return script;
}

// With refuse=1 this stream is above the last one named and gets nothing; the first time for each
// key.
Script goaway(const Request& request, BuiltinState& state) {
  const bool is_first = state.next("goaway " + request.text("key")) == 0;
  if (!is_first) return picture_reply();
  const bool refuses = request.number("refuse", 0) != 0;
  const auto code = static_cast<std::uint32_t>(request.number("code", 0));
  return picture_after(Step::h2_goaway(code, refuses));
}

Script ping_flood(const Request& request, BuiltinState&) {
  const std::string ping = h2_frame(kPing, 0, 0, "pixhaul!");
  return picture_after(Step::send(repeated(ping, request.number("count", 10'000))));
}

Script settings_flood(const Request& request, BuiltinState&) {
  Script script = picture_reply();
  const std::vector<Step> flood(request.number("count", 1000),
                                Step::h2_settings(kMaxConcurrentStreams, 100));
  script.steps.insert(script.steps.begin(), flood.begin(), flood.end());
  return script;
}

Script max_concurrent(const Request& request, BuiltinState&) {
  const auto most = static_cast<std::uint32_t>(request.number("n", 1));
  return picture_after(Step::h2_settings(kMaxConcurrentStreams, most));
}

// HEADERS that never ends: CVE-2024-28182 and its kin.
Script continuation_flood(const Request& request, BuiltinState&) {
  // RFC 7541 §6.2.2: literal without indexing, new name: "x: y".
  const std::string field("\x00\x01x\x01y", 5);
  std::string wire = h2_frame(kHeaders, 0, request.stream_id, "\x88");
  wire += repeated(h2_frame(kContinuation, 0, request.stream_id, field),
                   request.number("count", 10'000));
  Script script;
  script.steps.push_back(Step::send(std::move(wire)));
  script.steps.push_back(Step::stall());
  return script;
}

Script empty_frames(const Request& request, BuiltinState&) {
  const std::string frame = h2_frame(kData, 0, request.stream_id, "");
  Script script;
  script.steps.push_back(Step::head(200, {{"content-type", "image/jpeg"}}));
  script.steps.push_back(Step::body(plain_picture().substr(0, 100)));
  script.steps.push_back(Step::send(repeated(frame, request.number("count", 10'000))));
  script.steps.push_back(Step::stall());
  return script;
}

Script push(const Request& request, BuiltinState&) {
  // Promised stream 2, then :method GET, :scheme https, :path / from RFC 7541's static table.
  std::string payload("\x00\x00\x00\x02\x82\x87\x84", 7);
  return picture_after(Step::send(h2_frame(kPushPromise, kEndHeaders, request.stream_id, payload)));
}

Script window_overflow(const Request& request, BuiltinState&) {
  const std::string most("\x7f\xff\xff\xff", 4);
  return picture_after(Step::send(h2_frame(kWindowUpdate, 0, request.stream_id, most)));
}

Script window_zero(const Request& request, BuiltinState&) {
  const std::string none("\x00\x00\x00\x00", 4);
  return picture_after(Step::send(h2_frame(kWindowUpdate, 0, request.stream_id, none)));
}

// A DATA frame on a stream nobody opened.
Script wrong_stream(const Request&, BuiltinState&) {
  return picture_after(Step::send(h2_frame(kData, 0, 0x7ffffffd, "stray")));
}

Script huge_frame(const Request& request, BuiltinState&) {
  return picture_after(
      Step::send(h2_frame(kData, 0, request.stream_id, std::string(1 << 20, 'x'))));
}

// Content-Length says ten more, or ten fewer, than DATA brings: RFC 9113 §8.1.1.
Script wrong_length(const Request& request, BuiltinState&) {
  const std::string& body = plain_picture();
  const std::size_t said = request.path.ends_with("short") ? body.size() - 10 : body.size() + 10;
  Script script;
  script.steps.push_back(
      Step::head(200, {{"content-type", "image/jpeg"}, {"content-length", std::to_string(said)}}));
  script.steps.push_back(Step::body(body));
  return script;
}

constexpr Builtin kTable[] = {
    {"/h2/refused", kHttp2, refused, "?fail=N &key=K"},
    {"/h2/reset", kHttp2, reset_stream, "?code=N &at=N"},
    {"/h2/goaway", kHttp2, goaway, "?code=N &refuse=0|1 &key=K"},
    {"/h2/ping_flood", kHttp2, ping_flood, "?count=N"},
    {"/h2/settings_flood", kHttp2, settings_flood, "?count=N"},
    {"/h2/max_concurrent", kHttp2, max_concurrent, "?n=N"},
    {"/h2/continuation_flood", kHttp2, continuation_flood, "?count=N"},
    {"/h2/empty_frames", kHttp2, empty_frames, "?count=N"},
    {"/h2/push", kHttp2, push, ""},
    {"/h2/window_overflow", kHttp2, window_overflow, ""},
    {"/h2/window_zero", kHttp2, window_zero, ""},
    {"/h2/wrong_stream", kHttp2, wrong_stream, ""},
    {"/h2/huge_frame", kHttp2, huge_frame, ""},
    {"/h2/length/short", kHttp2, wrong_length, ""},
    {"/h2/length/long", kHttp2, wrong_length, ""},
};

}  // namespace

std::span<const Builtin> h2_fault_builtins() { return kTable; }

}  // namespace pixhaul::testing
