#include <brotli/encode.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "support/builtin_scripts.h"
#include "support/images.h"

// Built-in paths that mean the same over HTTP/1.1 and HTTP/2: pictures, statuses, redirects,
// pacing, endings, encodings, policy headers.

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

// What follows the last slash.
std::string_view tail(const Request& request) {
  const std::string_view path = request.path;
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  return out;
}

std::optional<std::uint32_t> parse_count(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Script image(const Request& request, BuiltinState& state) {
  const std::vector<std::string_view> parts = segments(request.path);
  if (parts.size() != 4) return bad_request("/img/WIDTH/HEIGHT/SEED.FORMAT\n");
  const auto dot = parts[3].find('.');
  const auto width = parse_count(parts[1]);
  const auto height = parse_count(parts[2]);
  const auto seed = parse_count(parts[3].substr(0, dot));
  if (!width || !height || !seed || dot == std::string_view::npos) {
    return bad_request("/img/WIDTH/HEIGHT/SEED.FORMAT\n");
  }
  const std::string_view format = parts[3].substr(dot + 1);
  const ImageRequest wanted{.width = *width,
                            .height = *height,
                            .seed = *seed,
                            .format = format,
                            .bytes = request.number("bytes", 0)};
  const std::string key = request.path + " " + std::to_string(wanted.bytes);
  std::optional<std::string> file = state.picture(key, wanted);
  if (!file) return bad_request("no such image, or not in that many bytes\n");
  // HTTP knows nothing of the cut: the length announced is that of what is left.
  if (request.query.contains("keep")) file->resize(request.number("keep", 0) % file->size());
  return reply(200, request.text("type", std::string(media_type_of(format))), std::move(*file));
}

Script status(const Request& request, BuiltinState&) {
  const std::optional<std::uint32_t> code = parse_count(tail(request));
  if (!code || *code < 200 || *code > 999) return bad_request("/status/CODE\n");
  std::vector<HeaderField> more;
  if (request.query.contains("retry_after")) {
    more.push_back({"Retry-After", request.text("retry_after")});
  }
  const bool is_bodiless = *code == 204 || *code == 304;
  return reply(static_cast<int>(*code), "text/plain", is_bodiless ? "" : "status\n", more);
}

Script redirect_to(int code, std::string location) {
  return reply(code, "text/plain", "elsewhere\n", {{"Location", std::move(location)}});
}

// /redirect/loop goes to itself, /redirect/chain/N through N hops to a picture, /redirect/long
// through ever longer addresses; /redirect/none has no Location.
Script redirect(const Request& request, BuiltinState&) {
  const std::vector<std::string_view> parts = segments(request.path);
  if (parts[1] == "loop") return redirect_to(302, "/redirect/loop");
  if (parts[1] == "ring")
    return redirect_to(302, "/redirect/ring/" + std::string(tail(request) == "a" ? "b" : "a"));
  if (parts[1] == "none") return reply(302, "text/plain", "nowhere\n");
  if (parts[1] == "long") {
    return redirect_to(302, "/" + std::string(request.number("bytes", 100'000), 'a'));
  }
  if (parts[1] == "chain") {
    const std::uint32_t left = parse_count(tail(request)).value_or(0);
    if (left == 0) return picture_reply();
    return redirect_to(302, "/redirect/chain/" + std::to_string(left - 1));
  }
  const std::optional<std::uint32_t> code = parse_count(parts[1]);
  if (!code) return bad_request("/redirect/CODE?to=URL\n");
  return redirect_to(static_cast<int>(*code), request.text("to", "/img/64/64/1.jpg"));
}

Script slow_head(const Request& request, BuiltinState&) {
  Script script = picture_reply();
  const milliseconds pause(request.number("ms", 1000));
  script.steps.insert(script.steps.begin(), Step::wait(pause));
  return script;
}

// A picture of exactly `bytes` bytes (1,024 unless told), or as near above as a picture gets, in
// pieces that keep the asked rate, at most ten a second.
Script trickle(const Request& request, BuiltinState&) {
  const std::uint64_t rate = std::max<std::uint64_t>(1, request.number("bytes_per_second", 1));
  std::string body = *make_image({.width = 8, .height = 8});
  const std::uint64_t size = request.number("bytes", body.size());
  body = make_image({.width = 8, .height = 8, .bytes = size}).value_or(body);
  const std::uint64_t piece = std::max<std::uint64_t>(1, rate / 10);
  Script script;
  script.steps.push_back(Step::head(
      200, {{"Content-Type", "image/jpeg"}, {"Content-Length", std::to_string(body.size())}}));
  for (std::uint64_t at = 0; at < body.size(); at += piece) {
    script.steps.push_back(Step::wait(milliseconds(1000 * piece / rate)));
    script.steps.push_back(Step::body(body.substr(at, piece)));
  }
  return script;
}

// The picture's head and the first `at` bytes of it.
Script picture_begun(std::uint64_t at) {
  Script script;
  script.steps.push_back(
      Step::head(200, {{"Content-Type", "image/jpeg"},
                       {"Content-Length", std::to_string(plain_picture().size())}}));
  if (at > 0) script.steps.push_back(Step::body(plain_picture().substr(0, at)));
  return script;
}

// Nothing at all; half a head (on HTTP/2 nothing); the head and `at` bytes.
Script stall(const Request& request, BuiltinState&) {
  Script script;
  if (tail(request) == "body") script = picture_begun(request.number("at", 100));
  if (tail(request) == "head" && request.stream_id == 0) {
    script.steps.push_back(Step::send("HTTP/1.1 200 OK\r\nContent-Ty"));
  }
  script.steps.push_back(Step::stall());
  return script;
}

// The same three places, and a RST.
Script reset(const Request& request, BuiltinState&) {
  Script script;
  if (tail(request) == "body") script = picture_begun(request.number("at", 100));
  if (tail(request) == "head" && request.stream_id == 0) {
    script.steps.push_back(Step::send("HTTP/1.1 200 OK\r\nContent-Ty"));
  }
  script.steps.push_back(Step::end(Ending::reset));
  return script;
}

Ending ending_of(const Request& request) {
  const std::string how = request.text("how", "close");
  return how == "reset" ? Ending::reset : how == "cut" ? Ending::cut : Ending::close;
}

Script close_at(const Request& request, BuiltinState&) {
  Script script = picture_reply();
  script.wire_limit = {.bytes = request.number("n", 0), .ending = ending_of(request)};
  return script;
}

// The first answer of a connection is whole; every later one ends after n bytes.
Script keepalive_close_at_byte(const Request& request, BuiltinState& state) {
  return request.number_on_connection == 1 ? picture_reply() : close_at(request, state);
}

// The n-th answer is the last; with announce=1 it says so.
Script keepalive_close_after(const Request& request, BuiltinState&) {
  const bool is_nth = request.number_on_connection >= request.number("n", 1);
  if (!is_nth) return picture_reply();
  if (request.number("announce", 0) != 0) return picture_reply({{"Connection", "close"}});
  Script script = picture_reply();
  script.steps.push_back(Step::end(Ending::close));
  return script;
}

Script keepalive_idle_close(const Request& request, BuiltinState&) {
  Script script = picture_reply();
  script.steps.push_back(Step::wait(milliseconds(request.number("ms", 50))));
  script.steps.push_back(Step::end(Ending::close));
  return script;
}

Script endless(const Request& request, BuiltinState&) {
  const milliseconds pause(request.number("ms", 0));
  Script script;
  script.steps.push_back(
      Step::head(200, {{"Content-Type", "image/jpeg"}, {"Connection", "close"}}));
  script.steps.push_back(Step::body(plain_picture().substr(0, 512)));
  script.steps.push_back(Step::repeat(std::string(16384, 'x'), kForever, pause));
  return script;
}

// `window_bits`: 15 zlib, 31 gzip, -15 raw.
std::string deflated(std::string_view bytes, int window_bits) {
  z_stream stream{};
  PIXHAUL_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  PIXHAUL_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string brotli_encoded(std::string_view bytes) {
  std::size_t size = BrotliEncoderMaxCompressedSize(bytes.size());
  std::string out(size, '\0');
  PIXHAUL_CHECK(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, bytes.size(),
                                      reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                                      reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(size);
  return out;
}

Script encoded(std::string_view coding, std::string body) {
  return reply(200, "image/jpeg", std::move(body), {{"Content-Encoding", std::string(coding)}});
}

Script gzip(const Request&, BuiltinState&) {
  return encoded("gzip", deflated(plain_picture(), 31));
}
Script deflate_zlib(const Request&, BuiltinState&) {
  return encoded("deflate", deflated(plain_picture(), 15));
}
Script deflate_raw(const Request&, BuiltinState&) {
  return encoded("deflate", deflated(plain_picture(), -15));
}
Script brotli(const Request&, BuiltinState&) {
  return encoded("br", brotli_encoded(plain_picture()));
}

Script gzip_twice(const Request&, BuiltinState&) {
  return encoded("gzip, gzip", deflated(deflated(plain_picture(), 31), 31));
}
Script gzip_truncated(const Request&, BuiltinState&) {
  const std::string whole = deflated(plain_picture(), 31);
  return encoded("gzip", whole.substr(0, whole.size() / 2));
}
Script gzip_corrupt(const Request&, BuiltinState&) {
  std::string whole = deflated(plain_picture(), 31);
  whole[whole.size() - 8] = static_cast<char>(whole[whole.size() - 8] ^ 0x55);  // the CRC
  return encoded("gzip", whole);
}
Script encoding_unknown(const Request&, BuiltinState&) {
  return encoded("x-none", plain_picture());
}

// Zeros, `bytes` of them once decoded (64 MiB unless told), a thousandth of that on the wire.
Script gzip_bomb(const Request& request, BuiltinState&) {
  const std::uint64_t bytes = std::min<std::uint64_t>(request.number("bytes", 64U << 20), 1U << 30);
  return encoded("gzip", deflated(std::string(bytes, '\0'), 31));
}

Script html(const Request& request, BuiltinState&) {
  return reply(
      200, request.text("type", "text/html; charset=utf-8"),
      "<!DOCTYPE html>\n<html><head><title>Page</title></head><body>No picture.</body></html>\n");
}

Script empty(const Request& request, BuiltinState&) {
  return reply(200, request.text("type", "image/jpeg"), "");
}

// Whole by HTTP's rules, but the picture stops after `keep` bytes (half of it unless told).
Script truncated_picture(const Request& request, BuiltinState&) {
  const std::string& whole = plain_picture();
  return reply(200, "image/jpeg", whole.substr(0, request.number("keep", whole.size() / 2)));
}

Script headers_flood(const Request& request, BuiltinState&) {
  std::vector<HeaderField> more;
  const std::uint64_t count = std::min<std::uint64_t>(request.number("count", 10'000), 1'000'000);
  const std::string value(request.number("bytes", 16), 'v');
  for (std::uint64_t i = 0; i < count; ++i) more.push_back({"X-Flood-" + std::to_string(i), value});
  return picture_reply(std::move(more));
}

Script headers_long(const Request& request, BuiltinState&) {
  return picture_reply({{"X-Long", std::string(request.number("bytes", 100'000), 'v')}});
}

Script interim(const Request& request, BuiltinState&) {
  Script script = picture_reply();
  const auto count = request.number("count", 3);
  const int code = static_cast<int>(request.number("code", 103));
  const milliseconds pause(request.number("ms", 0));
  std::vector<Step> before;
  for (std::uint64_t i = 0; i < count; ++i) {
    before.push_back(Step::head(code, {{"Link", "</style.css>; rel=preload"}}));
    if (pause.count() > 0) before.push_back(Step::wait(pause));
  }
  script.steps.insert(script.steps.begin(), before.begin(), before.end());
  return script;
}

Script robots_tag(const Request& request, BuiltinState&) {
  return picture_reply({{"X-Robots-Tag", request.text("value", "noai")}});
}

Script reservation(const Request& request, BuiltinState&) {
  return picture_reply({{"tdm-reservation", request.text("value", "1")}});
}

Script robots_txt(const Request&, BuiltinState&) {
  return reply(200, "text/plain", "User-agent: *\nDisallow: /private/\n");
}

Script private_picture(const Request&, BuiltinState&) { return picture_reply(); }

Script etag(const Request& request, BuiltinState&) {
  const std::string tag = "\"" + request.text("tag", "v1") + "\"";
  static constexpr const char* kModified = "Thu, 01 Jan 2026 00:00:00 GMT";
  const std::vector<HeaderField> validators = {{"ETag", tag}, {"Last-Modified", kModified}};
  if (request.header("if-none-match") == tag ||
      (!request.query.contains("tag") && request.header("if-none-match").empty() &&
       request.header("if-modified-since") == kModified)) {
    return reply(304, "", "", validators);
  }
  return picture_reply(validators);
}

Script echo(const Request& request, BuiltinState&) {
  std::string text = request.method + " " + request.target + "\n";
  for (const HeaderField& field : request.headers) text += field.name + ": " + field.value + "\n";
  return reply(200, "text/plain", text + "\n" + request.body);
}

// Fails `fail` times for each `key`, then gives the picture. `how`: a status, or reset, close, cut,
// stall.
Script flaky(const Request& request, BuiltinState& state) {
  const std::uint64_t seen = state.next("flaky " + request.text("key"));
  if (seen >= request.number("fail", 2)) return picture_reply();
  const std::string how = request.text("how", "503");
  if (const auto code = parse_count(how)) {
    return reply(static_cast<int>(*code), "text/plain", "not now\n");
  }
  Script script;
  script.steps.push_back(how == "stall" ? Step::stall() : Step::end(ending_of(request)));
  return script;
}

// An origin that gives `rate` pictures a second and a burst of as many, and asks everybody else to
// come back in a second. `key` tells one limit from another.
Script limited(const Request& request, BuiltinState& state) {
  const std::uint64_t rate = std::max<std::uint64_t>(1, request.number("rate", 5));
  if (state.take_token(request.text("key"), rate)) return picture_reply();
  return reply(429, "text/plain", "too fast\n", {{"Retry-After", "1"}});
}

constexpr auto kAny = Builtin::Protocol::any;

constexpr Builtin kTable[] = {
    {"/img/", kAny, image, "/img/W/H/SEED.jpg|png|gif|webp|bmp ?bytes=N &keep=N &type=T"},
    {"/status/", kAny, status, "/status/CODE ?retry_after=V"},
    {"/redirect/", kAny, redirect,
     "/redirect/CODE?to=URL, loop, ring/a, chain/N, none, long?bytes=N"},
    {"/slow/head", kAny, slow_head, "?ms=N"},
    {"/trickle", kAny, trickle, "?bytes_per_second=N &bytes=N"},
    {"/stall/", kAny, stall, "accept, head, body?at=N"},
    {"/reset/", kAny, reset, "connect, head, body?at=N"},
    {"/close/at", kAny, close_at, "?n=N &how=close|cut|reset"},
    {"/keepalive/close_after", kAny, keepalive_close_after, "?n=N &announce=0|1"},
    {"/keepalive/close_at_byte", kAny, keepalive_close_at_byte, "?n=N &how=close|cut|reset"},
    {"/keepalive/idle_close", kAny, keepalive_idle_close, "?ms=N"},
    {"/endless", kAny, endless, "?ms=PAUSE"},
    {"/gzip", kAny, gzip, ""},
    {"/gzip/twice", kAny, gzip_twice, ""},
    {"/gzip/truncated", kAny, gzip_truncated, ""},
    {"/gzip/corrupt", kAny, gzip_corrupt, ""},
    {"/deflate", kAny, deflate_zlib, ""},
    {"/deflate/raw", kAny, deflate_raw, ""},
    {"/br", kAny, brotli, ""},
    {"/encoding/unknown", kAny, encoding_unknown, ""},
    {"/gzip_bomb", kAny, gzip_bomb, "?bytes=DECODED"},
    {"/html", kAny, html, "?type=T"},
    {"/empty", kAny, empty, "?type=T"},
    {"/truncated.jpg", kAny, truncated_picture, "?keep=N"},
    {"/headers/flood", kAny, headers_flood, "?count=N &bytes=N"},
    {"/headers/long", kAny, headers_long, "?bytes=N"},
    {"/1xx", kAny, interim, "?count=N &code=103 &ms=N"},
    {"/robots_tag", kAny, robots_tag, "?value=V"},
    {"/tdm", kAny, reservation, "?value=V"},
    {"/robots.txt", kAny, robots_txt, "disallows /private/; replaced by serve() or PUT"},
    {"/private/", kAny, private_picture, "a picture that robots.txt disallows"},
    {"/etag", kAny, etag, "?tag=V"},
    {"/echo", kAny, echo, ""},
    {"/limited/", kAny, limited, "?rate=PER_SECOND &key=K"},
    {"/flaky", kAny, flaky, "?fail=N &key=K &how=CODE|close|cut|reset|stall"},
};

}  // namespace

std::span<const Builtin> answer_builtins() { return kTable; }

}  // namespace pixhaul::testing
