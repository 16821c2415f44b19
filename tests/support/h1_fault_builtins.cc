#include <array>
#include <string>
#include <utility>

#include "support/builtin_scripts.h"

// HTTP/1.1 framing as broken as RFC 9112 allows one to imagine it: each variant is a row of text.

namespace pixhaul::testing {
namespace {

constexpr auto kHttp1 = Builtin::Protocol::http1;

std::string_view variant_of(const Request& request) {
  const std::string_view path = request.path;
  return path.substr(path.rfind('/') + 1);
}

struct LengthVariant {
  std::string_view name;
  std::string_view fields;  // %d: the true size, %l: ten more, %s: ten fewer
};

// RFC 9112 §6.3 says which of these are errors.
constexpr LengthVariant kLengths[] = {
    {"short", "Content-Length: %s\r\n"},
    {"long", "Content-Length: %l\r\nConnection: close\r\n"},
    {"duplicate", "Content-Length: %d\r\nContent-Length: %l\r\n"},
    {"duplicate_same", "Content-Length: %d\r\nContent-Length: %d\r\n"},
    {"negative", "Content-Length: -5\r\n"},
    {"plus", "Content-Length: +%d\r\n"},
    {"list", "Content-Length: %d, %l\r\n"},
    {"list_same", "Content-Length: %d, %d\r\n"},
    {"overflow", "Content-Length: 99999999999999999999999\r\n"},
    {"huge", "Content-Length: 9223372036854775807\r\n"},
    {"hexadecimal", "Content-Length: 0x10\r\n"},
    {"empty", "Content-Length: \r\n"},
    {"text", "Content-Length: many\r\n"},
    {"missing", "Connection: close\r\n"},
    {"with_chunked", "Content-Length: %d\r\nTransfer-Encoding: chunked\r\n"},
};

std::string filled(std::string_view pattern, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
      continue;
    }
    const char which = pattern[++i];
    out += std::to_string(which == 'd' ? size : which == 'l' ? size + 10 : size - 10);
  }
  return out;
}

constexpr std::string_view kImageHead = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n";

std::string chunk(std::string_view bytes, std::string_view extension = "") {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string size;
  for (std::size_t left = bytes.size(); left > 0; left /= 16) size.insert(0, 1, kDigits[left % 16]);
  if (size.empty()) size = "0";
  return size + std::string(extension) + "\r\n" + std::string(bytes) + "\r\n";
}

// A length the body does not have. The surplus of `short` is a whole response of its own, so that a
// client that reads on gives it to the next request; `long` and `missing` close, the rest leave the
// connection.
Script length(const Request& request, BuiltinState&) {
  const std::string_view variant = variant_of(request);
  for (const LengthVariant& row : kLengths) {
    if (row.name != variant) continue;
    std::string body = plain_picture();
    std::size_t size = body.size();
    if (variant == "short") {
      body +=
          "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nX-Bleed: yes\r\nContent-Length: "
          "5\r\n\r\nbleed";
      size += 10;
    }
    if (variant == "with_chunked") body = chunk(body) + "0\r\n\r\n";
    Script script;
    script.steps.push_back(Step::send(std::string(kImageHead) + filled(row.fields, size) + "\r\n"));
    script.steps.push_back(Step::body(std::move(body)));
    if (row.fields.find("close") != std::string_view::npos) {
      script.steps.push_back(Step::end(Ending::close));
    }
    return script;
  }
  return bad_request("no such length\n");
}

constexpr std::size_t kPieces = 3;

// The picture in three chunks, `wire` of each given by the variant.
std::string picture_in_chunks(std::string (*wire)(std::string_view)) {
  const std::string_view body = plain_picture();
  const std::size_t size = body.size() / kPieces;
  std::string out;
  for (std::size_t i = 0; i + 1 < kPieces; ++i) out += wire(body.substr(i * size, size));
  return out + wire(body.substr((kPieces - 1) * size));
}

std::string good(std::string_view bytes) { return chunk(bytes); }
std::string with_bare_lf(std::string_view bytes) {
  std::string wire = chunk(bytes);
  return wire.erase(wire.find('\r'), 1);
}
std::string without_end(std::string_view bytes) {
  std::string wire = chunk(bytes);
  return wire.erase(wire.size() - 2);
}
std::string with_extension(std::string_view bytes) {
  return chunk(bytes, ";name=value;quoted=\"a;b\"");
}
std::string in_upper_case(std::string_view bytes) {
  std::string wire = chunk(bytes);
  for (std::size_t i = 0; wire[i] != '\r'; ++i) {
    if (wire[i] >= 'a') wire[i] = static_cast<char>(wire[i] - 'a' + 'A');
  }
  return "0000" + wire;
}

std::string picture() { return picture_in_chunks(good); }

struct ChunkedVariant {
  std::string_view name;
  std::string (*make)(const Request& request);
  bool closes = false;
};

constexpr std::string_view kLast = "0\r\n\r\n";

constexpr ChunkedVariant kChunked[] = {
    {"ok", [](const Request&) { return picture() + std::string(kLast); }},
    {"upper_case",
     [](const Request&) { return picture_in_chunks(in_upper_case) + std::string(kLast); }},
    {"bare_lf",
     [](const Request&) { return picture_in_chunks(with_bare_lf) + std::string(kLast); }},
    {"missing_crlf",
     [](const Request&) { return picture_in_chunks(without_end) + std::string(kLast); }},
    {"overflow", [](const Request&) { return picture() + "10000000000000000\r\nx\r\n"; }},
    {"negative", [](const Request&) { return picture() + "-1\r\nx\r\n"; }},
    {"plus", [](const Request&) { return picture() + "+1\r\nx\r\n"; }},
    {"prefix", [](const Request&) { return picture() + "0x1\r\nx\r\n"; }},
    {"text", [](const Request&) { return picture() + "size\r\nx\r\n"; }},
    {"no_size", [](const Request&) { return picture() + "\r\nx\r\n"; }},
    {"truncated", [](const Request&) { return picture().substr(0, 300); }, true},
    {"no_last", [](const Request&) { return picture(); }, true},
    {"no_end", [](const Request&) { return picture() + "0\r\n"; }, true},
    {"extensions",
     [](const Request& request) {
       const std::uint64_t bytes = request.number("bytes", 0);
       if (bytes == 0) return picture_in_chunks(with_extension) + std::string(kLast);
       return chunk(plain_picture(), ";x=" + std::string(bytes, 'e')) + std::string(kLast);
     }},
    {"trailers",
     [](const Request& request) {
       const std::string value(request.number("bytes", 10), 't');
       return picture() + "0\r\nX-Trailer: " + value + "\r\n\r\n";
     }},
    {"small",
     [](const Request&) {
       std::string out;
       for (const char c : plain_picture()) out += chunk({&c, 1});
       return out + std::string(kLast);
     }},
};

Script chunked(const Request& request, BuiltinState&) {
  const std::string_view variant = variant_of(request);
  for (const ChunkedVariant& row : kChunked) {
    if (row.name != variant) continue;
    Script script;
    script.steps.push_back(
        Step::send(std::string(kImageHead) + "Transfer-Encoding: chunked\r\n\r\n"));
    script.steps.push_back(Step::send(row.make(request)));
    if (row.closes) script.steps.push_back(Step::end(Ending::close));
    return script;
  }
  return bad_request("no such chunking\n");
}

struct HeadVariant {
  std::string_view name;
  std::string_view head;
};

constexpr HeadVariant kHeads[] = {
    {"bare_lf", "HTTP/1.1 200 OK\nContent-Type: image/jpeg\n"},
    {"http09", ""},
    {"http10", "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n"},
    {"http3", "HTTP/3.0 200 OK\r\nContent-Type: image/jpeg\r\n"},
    {"no_reason", "HTTP/1.1 200\r\nContent-Type: image/jpeg\r\n"},
    {"status_text", "HTTP/1.1 abc OK\r\nContent-Type: image/jpeg\r\n"},
    {"status_four_digits", "HTTP/1.1 2000 OK\r\nContent-Type: image/jpeg\r\n"},
    {"garbage", "\x01\x02\x03 not http at all\r\n"},
    {"ssh", "SSH-2.0-OpenSSH_9.2\r\n"},
    {"no_colon", "HTTP/1.1 200 OK\r\nContent-Type image/jpeg\r\n"},
    {"space_before_colon", "HTTP/1.1 200 OK\r\nContent-Type : image/jpeg\r\n"},
    {"folded", "HTTP/1.1 200 OK\r\nContent-Type:\r\n image/jpeg\r\n"},
    {"empty_name", "HTTP/1.1 200 OK\r\n: value\r\n"},
    {"upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n"},
};

// A head that is odd or broken, then a picture until the connection closes.
Script head(const Request& request, BuiltinState&) {
  const std::string_view variant = variant_of(request);
  for (const HeadVariant& row : kHeads) {
    if (row.name != variant) continue;
    const std::string_view end = variant == "http09" ? "" : variant == "bare_lf" ? "\n" : "\r\n";
    Script script;
    script.steps.push_back(Step::send(std::string(row.head) + std::string(end)));
    script.steps.push_back(Step::body(plain_picture()));
    script.steps.push_back(Step::end(Ending::close));
    return script;
  }
  return bad_request("no such head\n");
}

// A whole answer with `bytes` of another behind it in the same packet.
Script surplus(const Request&, BuiltinState&) {
  Script script = picture_reply();
  script.steps.back().bytes += "HTTP/1.1 200 OK\r\nX-Bleed: yes\r\nContent-Length: 5\r\n\r\nbleed";
  return script;
}

// A line without an end, for as long as the client reads.
Script endless_head(const Request&, BuiltinState&) {
  Script script;
  script.steps.push_back(Step::send("HTTP/1.1 200 OK\r\nX-Endless: "));
  script.steps.push_back(Step::repeat(std::string(4096, 'h'), ~std::uint64_t{0}, {}));
  return script;
}

// One byte of the head every `ms` milliseconds.
Script trickled_head(const Request& request, BuiltinState&) {
  const std::string text = std::string(kImageHead) +
                           "Content-Length: " + std::to_string(plain_picture().size()) + "\r\n\r\n";
  Script script;
  for (const char c : text) {
    script.steps.push_back(Step::wait(std::chrono::milliseconds(request.number("ms", 100))));
    script.steps.push_back(Step::send(std::string(1, c)));
  }
  script.steps.push_back(Step::body(plain_picture()));
  return script;
}

constexpr Builtin kTable[] = {
    {"/length/", kHttp1, length,
     "short, long, duplicate, duplicate_same, negative, plus, list, list_same, overflow, huge, "
     "hexadecimal, empty, text, missing, with_chunked"},
    {"/chunked/", kHttp1, chunked,
     "ok, upper_case, bare_lf, missing_crlf, overflow, negative, plus, prefix, text, no_size, "
     "truncated, no_last, no_end, extensions?bytes=N, trailers?bytes=N, small"},
    {"/head/", kHttp1, head,
     "bare_lf, http09, http10, http3, no_reason, status_text, status_four_digits, garbage, ssh, "
     "no_colon, space_before_colon, folded, empty_name, upgrade"},
    {"/surplus", kHttp1, surplus, ""},
    {"/headers/endless", kHttp1, endless_head, ""},
    {"/headers/trickle", kHttp1, trickled_head, "?ms=N"},
};

}  // namespace

std::span<const Builtin> h1_fault_builtins() { return kTable; }

}  // namespace pixhaul::testing
