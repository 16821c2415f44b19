// What our parser and Debian's http-parser (Node's, until 2019) both take for a whole response has
// to be the same response to both, to the byte: one that two parsers cut differently is how an
// answer bleeds into the next. That one of them refuses is no disagreement: http-parser refuses
// control characters in fields, which RFC 9110 §5.5 lets a recipient keep, and we refuse much that
// it lets through.
#include "net/http1.h"

#include <gtest/gtest.h>
#include <http_parser.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "differential/cases.h"

namespace pixhaul::testing {
namespace {

struct Response {
  int status = 0;
  std::string body{};
  std::size_t used = 0;  // of the wire
  friend bool operator==(const Response&, const Response&) = default;
};

std::string shown(const std::optional<Response>& response) {
  if (!response) return "refused";
  return std::to_string(response->status) + " '" + response->body + "' of " +
         std::to_string(response->used);
}

// nullopt: refused, or not whole.
std::optional<Response> ours(const std::string& wire) {
  net::ResponseHead head;
  const Result<std::size_t> length = net::HeadParser().parse(wire, head);
  if (!length || *length == 0 || head.status < 200) return std::nullopt;
  std::string rest = wire.substr(*length);
  switch (head.framing) {
    case net::Framing::none:
      return Response{head.status, "", *length};
    case net::Framing::until_close:
      return Response{head.status, rest, wire.size()};
    case net::Framing::length:
      if (rest.size() < *head.content_length) return std::nullopt;
      rest.resize(*head.content_length);
      return Response{head.status, rest, *length + rest.size()};
    case net::Framing::chunked: {
      const auto step = net::ChunkDecoder().decode(std::as_writable_bytes(std::span(rest)));
      if (!step || !step->done) return std::nullopt;
      const std::size_t used = *length + step->consumed;
      rest.resize(step->produced);
      return Response{head.status, rest, used};
    }
  }
  return std::nullopt;
}

struct Theirs {
  Response response{};
  bool is_complete = false;
};

std::optional<Response> theirs(const std::string& wire) {
  Theirs seen;
  http_parser parser;
  http_parser_init(&parser, HTTP_RESPONSE);
  parser.data = &seen;
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  // RFC 9112 §6.3: 204 and 304 end with their head, whatever it says; http-parser leaves that to
  // us.
  settings.on_headers_complete = [](http_parser* p) {
    return p->status_code == 204 || p->status_code == 304 ? 1 : 0;
  };
  settings.on_body = [](http_parser* p, const char* at, std::size_t size) {
    static_cast<Theirs*>(p->data)->response.body.append(at, size);
    return 0;
  };
  settings.on_message_complete = [](http_parser* p) {
    auto& all = *static_cast<Theirs*>(p->data);
    all.is_complete = true;
    all.response.status = p->status_code;
    http_parser_pause(p, 1);
    return 0;
  };
  std::size_t used = http_parser_execute(&parser, &settings, wire.data(), wire.size());
  if (!seen.is_complete && HTTP_PARSER_ERRNO(&parser) == HPE_OK)
    http_parser_execute(&parser, &settings, nullptr, 0);
  if (!seen.is_complete) return std::nullopt;
  seen.response.used = std::max(used, std::size_t{0});
  return seen.response;
}

std::string chunked(const std::string& body, Random& chance) {
  std::string wire;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = std::min<std::size_t>(1 + chance.next() % 20, body.size() - at);
    char text[24];
    std::snprintf(text, sizeof(text), chance.next() % 2 == 0 ? "%zx" : "%04zX", size);
    wire += text;
    if (chance.next() % 5 == 0) wire += ";name=\"value\"";
    wire += "\r\n" + body.substr(at, size) + "\r\n";
    at += size;
  }
  wire += "0\r\n";
  if (chance.next() % 4 == 0) wire += "Trailer: yes\r\n";
  return wire + "\r\n";
}

std::string response(Random& chance) {
  constexpr std::string_view kStatus[] = {"200 OK", "204 No Content", "304 Not Modified",
                                          "404",    "302 Found",      "200 "};
  constexpr std::string_view kFields[] = {
      "Content-Type: image/jpeg", "Connection: close", "Connection: keep-alive", "X-Empty:",
      "Server: \t thing 1.0 ",    "ETag: \"a,b\"",     "Connection: upgrade",    "Vary: a, b"};
  const std::string body(chance.next() % 60, static_cast<char>('a' + chance.next() % 26));
  std::string wire = chance.next() % 6 == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  wire += std::string(kStatus[chance.next() % std::size(kStatus)]) + "\r\n";
  for (std::uint64_t left = chance.next() % 4; left > 0; --left)
    wire += std::string(kFields[chance.next() % std::size(kFields)]) + "\r\n";
  switch (chance.next() % 4) {
    case 0:
      return wire + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, chance) + "next";
    case 1:
      return wire + "\r\n" + body;
    case 2:
      return wire + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body + "next";
    default:
      return wire + "Content-Length: " + std::to_string(chance.next() % 80) + "\r\n\r\n" + body;
  }
}

TEST(Http1AgainstHttpParser, WhatBothAcceptBothCutTheSameWay) {
  Random chance(1);
  std::uint64_t accepted = 0;
  for (std::uint64_t left = case_count(100'000); left > 0; --left) {
    const std::string wire = mutated(response(chance), chance);
    const auto mine = ours(wire);
    // RFC 9110 §5.6.3: a tab is optional white space too; http-parser 2.9.4 takes it into the
    // value.
    if (wire.find('\t') != wire.npos) continue;
    const auto other = mine ? theirs(wire) : std::nullopt;
    if (!other) continue;
    ++accepted;
    ASSERT_EQ(mine, other) << wire << "\n---\nours: " << shown(mine)
                           << "\ntheirs: " << shown(other);
  }
  EXPECT_GT(accepted, 0u);
}

}  // namespace
}  // namespace pixhaul::testing
