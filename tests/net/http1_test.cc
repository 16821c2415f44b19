#include "net/http1.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::net {
namespace {

using namespace std::string_literals;

constexpr std::size_t kWhole = 1 << 20;
constexpr std::size_t kCuts[] = {1, 2, 3, 7, 16, kWhole};

/// Feeds `wire` in pieces of `cut` bytes, in a new buffer each time, as a growing receive buffer
/// would be.
struct Fed {
  Result<std::size_t> length = 0;
  std::string buffer{};
  ResponseHead head{};
};

void feed(Fed& fed, std::string_view wire, std::size_t cut, const HeadLimits& limits = {}) {
  HeadParser parser(limits);
  for (std::size_t size = std::min(cut, wire.size());; size = std::min(size + cut, wire.size())) {
    std::string bytes(wire.substr(0, size));
    fed.length = parser.parse(bytes, fed.head);
    if (fed.length && *fed.length > 0) {  // parsed once more where the views stay valid
      fed.buffer = bytes;
      fed.length = HeadParser(limits).parse(fed.buffer, fed.head);
    }
    if (!fed.length || *fed.length > 0 || size == wire.size()) return;
  }
}

struct GoodHead {
  std::string wire;
  int status;
  Framing framing;
  std::int64_t length;  // -1: none
  bool keep_alive;
};

const std::vector<GoodHead>& good_heads() {
  static const std::vector<GoodHead> kHeads = {
      // status lines
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, Framing::length, 0, true},
      {"HTTP/1.1 999 Request denied\r\nContent-Length: 3\r\n\r\n", 999, Framing::length, 3, true},
      {"HTTP/1.1 599 x\r\nContent-Length: 3\r\n\r\n", 599, Framing::length, 3, true},
      {"HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\n", 200, Framing::length, 1, true},
      {"HTTP/1.1 200 \xc3\x9c\x62\x65r\r\nContent-Length: 1\r\n\r\n", 200, Framing::length, 1,
       true},
      {"HTTP/1.1 200 OK\tthere  \r\nContent-Length: 1\r\n\r\n", 200, Framing::length, 1, true},
      {"HTTP/1.1 200  OK\r\nContent-Length: 1\r\n\r\n", 200, Framing::length, 1, true},
      // no body
      {"HTTP/1.1 100 Continue\r\n\r\n", 100, Framing::none, -1, true},
      {"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n", 103, Framing::none, -1, true},
      {"HTTP/1.1 102 Processing\r\n\r\n", 102, Framing::none, -1, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, Framing::none, -1, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, Framing::none, -1, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, Framing::none, -1, false},
      {"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", 204, Framing::none, -1, false},
      {"HTTP/1.1 100 x\r\nContent-Length: 7\r\n\r\n", 100, Framing::none, -1, false},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, Framing::none, -1, true},
      {"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", 304, Framing::none, -1, false},
      {"HTTP/1.0 304 Not Modified\r\n\r\n", 304, Framing::none, -1, false},
      // lengths
      {"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, Framing::length, 0, true},
      {"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:   12 \t \r\n\r\n", 200, Framing::length, 12, true},
      {"HTTP/1.1 200 OK\r\nContent-Length:\t12\r\n\r\n", 200, Framing::length, 12, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 007\r\n\r\n", 200, Framing::length, 7, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", 200, Framing::length,
       INT64_MAX, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775800\r\n\r\n", 200, Framing::length,
       INT64_MAX - 7, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n", 200, Framing::length, 4294967296,
       true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5,
       true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\nContent-Length:5\r\ncontent-length: 5 "
       "\r\n\r\n",
       200, Framing::length, 5, true},
      {"HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\n", 500, Framing::length, 5, true},
      {"HTTP/1.1 206 Partial\r\nContent-Length: 5\r\n\r\n", 206, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\nContent-Length: 5\r\n\r\n", 200, Framing::length,
       5, true},
      {"HTTP/1.1 200 OK\r\nContent-Lengts: x\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5,
       true},
      // chunked
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, Framing::chunked, -1, true},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding:CHUNKED\r\n\r\n", 200, Framing::chunked, -1, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding:\t chunked \t\r\n\r\n", 200, Framing::chunked, -1,
       true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", 200,
       Framing::chunked, -1, false},
      {"HTTP/1.1 301 Moved\r\nTransfer-Encoding: chunked\r\nLocation: /x\r\n\r\n", 301,
       Framing::chunked, -1, true},
      // until close
      {"HTTP/1.1 200 OK\r\n\r\n", 200, Framing::until_close, -1, false},
      {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", 200, Framing::until_close, -1, false},
      {"HTTP/1.0 200 OK\r\n\r\n", 200, Framing::until_close, -1, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", 200, Framing::until_close, -1, false},
      {"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", 302, Framing::until_close, -1, false},
      // persistence
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", 200,
       Framing::length, 5, true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n", 200,
       Framing::length, 5, true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\n\r\n", 200,
       Framing::length, 5, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\n", 200,
       Framing::length, 5, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", 200, Framing::length, 5,
       false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\n", 200, Framing::length, 5,
       false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nconnection: foo , CLOSE,bar\r\n\r\n", 200,
       Framing::length, 5, false},
      {"HTTP/1.1 200 OK\r\nConnection: foo\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", 200,
       Framing::length, 5, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: closed\r\n\r\n", 200, Framing::length,
       5, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection:\r\n\r\n", 200, Framing::length, 5,
       true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: ,,\r\n\r\n", 200, Framing::length, 5,
       true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: upgrade, keep-alive\r\n\r\n", 200,
       Framing::length, 5, true},
      // fields and line ends
      {"HTTP/1.1 200 OK\nContent-Length: 5\n\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\nContent-Length: 5\r\n\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\nEmpty:\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\nEmpty: \t \r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: x\r\nContent-Length: 5\r\n\r\n", 200,
       Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\nX: a:b: c\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5, true},
      {"HTTP/1.1 200 OK\r\nX: \xff\xfe\x80\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5,
       true},
      {"HTTP/1.1 200 OK\r\nX: a\tb\x01\x7f\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, 5,
       true},
      {"HTTP/1.1 200 OK\r\nX: \x0c\x0e\x0f........\x0c\x0e\r\nContent-Length: 5\r\n\r\n", 200,
       Framing::length, 5, true},
  };
  return kHeads;
}

TEST(HeadParser, GoodHeadsSayTheirFramingAtEveryCut) {
  for (const GoodHead& expected : good_heads()) {
    for (std::size_t cut : kCuts) {
      SCOPED_TRACE(expected.wire + " cut " + std::to_string(cut));
      Fed fed;
      feed(fed, expected.wire + (cut == kWhole ? "HTTP/1.1 body" : ""), cut);
      ASSERT_TRUE(fed.length) << fed.length.error().detail;
      EXPECT_EQ(*fed.length, expected.wire.size());
      EXPECT_EQ(fed.head.status, expected.status);
      EXPECT_EQ(fed.head.framing, expected.framing);
      EXPECT_EQ(fed.head.keep_alive, expected.keep_alive);
      EXPECT_EQ(fed.head.content_length ? static_cast<std::int64_t>(*fed.head.content_length) : -1,
                expected.length);
    }
  }
}

std::vector<std::string> bad_heads() {
  std::vector<std::string> wires = {
      // status lines
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/0.9 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "HTTP/1. 200 OK\r\n\r\n",
      "HTTP/1.x 200 OK\r\n\r\n",
      "HTTP/1.10 200 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1\t200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1 20x OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 000 OK\r\n\r\n",
      "HTTP/1.1 -20 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1 200\tOK\r\n\r\n",
      "HTTP/1.1 \r\n\r\n",
      "HTTP/1.1\r\n\r\n",
      "HTTP/1.1 200 O\rK\r\n\r\n",
      "HTTP/1.1 200 O\0K\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      " HTTP/1.1 200 OK\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      "<html>\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "\x15\x03\x01\x00\x02\x02\x46"s,
      // fields
      "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nnocolon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName\t: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\n Name: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName: x\r\n folded\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName: x\r\n\tfolded: y\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName: x\r\n \r\n\r\n",
      "HTTP/1.1 200 OK\r\nNa(me: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nNa@me: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\"Name\": x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nN\xc3\xa4me: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nNa\0me: x\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nName: a\0b\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nName: aaaaaaaaaaaaaaaa\0bbbbbbb\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nName: a\rb\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName: aaaaaaaaaaaaaaaaaaaa\rEvil: bbbbbbbbbbbbbb\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName: a\r\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\r\n",
      "HTTP/1.1 200 OK\r\n\0\r\n\r\n"s,
      // Transfer-Encoding
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunkedx\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0b"
      "chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding\r\n : chunked\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 204 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      // two lengths
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 05\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\nContent-Length: 55\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length:\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length:\r\nContent-Length: 5\r\n\r\n",
      "HTTP/1.1 304 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
  };
  // one length that is none
  for (const char* length : {"",
                             "-1",
                             "-0",
                             "+5",
                             "+0",
                             "5,5",
                             "5, 5",
                             "5, 6",
                             ",5",
                             "5,",
                             "5;",
                             "5 5",
                             "5\t5",
                             "0x5",
                             "5x",
                             "x5",
                             "five",
                             "5.0",
                             "5e1",
                             "1_000",
                             "'5'",
                             "\"5\"",
                             "5\x0b",
                             "\x0c"
                             "5",
                             "\xd9\xa5",
                             "9223372036854775808",
                             "9223372036854775809",
                             "9223372036854775810",
                             "18446744073709551615",
                             "18446744073709551616",
                             "18446744073709551621",
                             "36893488147419103237",
                             "99999999999999999999999999999999999999",
                             "1e9",
                             "--5",
                             "5-",
                             "NaN"}) {
    wires.push_back("HTTP/1.1 200 OK\r\nContent-Length: "s + length + "\r\n\r\n");
  }
  return wires;
}

TEST(HeadParser, BadHeadsAreProtocolErrorsAtEveryCut) {
  for (const std::string& wire : bad_heads()) {
    for (std::size_t cut : kCuts) {
      SCOPED_TRACE(wire + " cut " + std::to_string(cut));
      Fed fed;
      feed(fed, wire, cut);
      ASSERT_FALSE(fed.length) << *fed.length;
      EXPECT_EQ(fed.length.error().code, ErrorCode::protocol_error);
    }
  }
}

TEST(HeadParser, TheTablesAreAsLongAsTheyMustBe) {
  EXPECT_GE(good_heads().size() + bad_heads().size(), 120u);
}

TEST(HeadParser, FieldsAreFoundWithoutCaseAndTheFirstOneWins) {
  Fed fed;
  feed(fed, "HTTP/1.1 200 All good\r\nETag: \"a b\" \r\nX-One:1\r\nx-one: 2\r\nX-OneTwo: 3\r\n\r\n",
       1);
  ASSERT_TRUE(fed.length && *fed.length > 0);
  EXPECT_EQ(fed.head.reason, "All good");
  EXPECT_EQ(fed.head.fields.size(), 4u);
  EXPECT_EQ(fed.head.find("etag"), "\"a b\"");
  EXPECT_EQ(fed.head.find("x-one"), "1");
  EXPECT_EQ(fed.head.find("x-onetwo"), "3");
  EXPECT_EQ(fed.head.find("x-on"), "");
  EXPECT_EQ(fed.head.fields[0].name, "ETag");
}

TEST(HeadParser, InterimHeadsAreFollowedByTheFinalOneAfterReset) {
  const std::string wire =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
  HeadParser parser;
  ResponseHead head;
  std::vector<int> statuses;
  std::string_view rest = wire;
  while (statuses.empty() || statuses.back() < 200) {
    Result<std::size_t> length = parser.parse(rest, head);
    ASSERT_TRUE(length && *length > 0);
    statuses.push_back(head.status);
    rest.remove_prefix(*length);
    parser.reset();
  }
  EXPECT_EQ(statuses, (std::vector<int>{100, 103, 200}));
  EXPECT_EQ(rest, "abc");
}

TEST(HeadParser, NothingOfAnEarlierResponseSurvivesInTheHead) {
  ResponseHead head;
  HeadParser parser;
  ASSERT_TRUE(parser.parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\n", head));
  parser.reset();
  ASSERT_TRUE(parser.parse("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", head));
  EXPECT_FALSE(head.content_length);
  EXPECT_EQ(head.reason, "");
  EXPECT_EQ(head.fields.size(), 1u);
}

TEST(HeadParser, LimitsHoldAtEveryCut) {
  const HeadLimits limits{.total_bytes = 200, .line_bytes = 60, .field_count = 4};
  const std::string start = "HTTP/1.1 200 OK\r\n";
  const std::string flood(1000, 'x');
  std::string long_fields = start;
  for (int i = 0; i < 5; ++i) long_fields += "A: " + std::string(50, 'v') + "\r\n";
  for (const std::string& wire :
       {start + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n", start + "A: " + flood,
        start + "A: " + std::string(58, 'v') + "\r\n\r\n", "HTTP/1.1 200 " + flood, start + flood,
        long_fields + "\r\n"}) {
    for (std::size_t cut : kCuts) {
      SCOPED_TRACE(wire.substr(0, 80) + " cut " + std::to_string(cut));
      Fed fed;
      feed(fed, wire, cut, limits);
      ASSERT_FALSE(fed.length);
      EXPECT_EQ(fed.length.error().code, ErrorCode::header_limit);
    }
  }
}

TEST(HeadParser, AHeadOfExactlyTheLimitIsTaken) {
  std::string wire = "HTTP/1.1 200 OK\r\n";
  while (wire.size() < 100) wire += "A: b\r\n";
  wire += "\r\n";
  for (std::size_t cut : kCuts) {
    Fed fed;
    feed(fed, wire, cut, {.total_bytes = wire.size(), .line_bytes = 16, .field_count = 200});
    ASSERT_TRUE(fed.length);
    EXPECT_EQ(*fed.length, wire.size());
    Fed refused;
    feed(refused, wire, cut,
         {.total_bytes = wire.size() - 1, .line_bytes = 16, .field_count = 200});
    EXPECT_FALSE(refused.length);
  }
}

TEST(HeadParser, AHeadIsIncompleteUntilItsEmptyLine) {
  const std::string wire = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  for (std::size_t size = 0; size < wire.size(); ++size) {
    ResponseHead head;
    Result<std::size_t> length = HeadParser().parse(wire.substr(0, size), head);
    ASSERT_TRUE(length) << size;
    EXPECT_EQ(*length, 0u) << size;
  }
}

struct Decoded {
  Result<> outcome{};
  std::string body{};
  std::size_t consumed = 0;
  bool done = false;
};

Decoded decode(std::string_view wire, std::size_t cut) {
  ChunkDecoder decoder;
  Decoded decoded;
  while (decoded.consumed < wire.size() && !decoded.done) {
    std::string piece(wire.substr(decoded.consumed, cut));
    Result<ChunkDecoder::Step> step = decoder.decode(std::as_writable_bytes(std::span(piece)));
    if (!step) {
      decoded.outcome = std::unexpected(step.error());
      return decoded;
    }
    decoded.body += piece.substr(0, step->produced);
    decoded.consumed += step->consumed;
    decoded.done = step->done;
    EXPECT_TRUE(step->done || step->consumed == piece.size());
  }
  return decoded;
}

struct ChunkCase {
  std::string wire;
  std::string body;
};

const std::vector<ChunkCase>& good_chunks() {
  static const std::vector<ChunkCase> kCases = {
      {"0\r\n\r\n", ""},
      {"00\r\n\r\n", ""},
      {"0000000000000000\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"05\r\nhello\r\n0\r\n\r\n", "hello"},
      {"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"},
      {"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"1f\r\n0123456789012345678901234567890\r\n0\r\n\r\n", "0123456789012345678901234567890"},
      {"1F\r\n0123456789012345678901234567890\r\n0\r\n\r\n", "0123456789012345678901234567890"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
      {"7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", "0\r\n\r\n0\r"},
      {"3\r\na\0b\r\n0\r\n\r\n"s, "a\0b"s},
      {"5;name\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5;name=value\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5;a=\"q;x\";b\r\nhello\r\n0;last\r\n\r\n", "hello"},
      {"5;\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5 \r\nhello\r\n0 \r\n\r\n", "hello"},
      {"5   \t \r\nhello\r\n0\r\n\r\n", "hello"},
      {"5 ; a = b\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5;" + std::string(255, 'e') + "\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", "hello"},
      {"5\r\nhello\r\n0\r\nA: x\r\nB: y\r\nC: z\r\n\r\n", "hello"},
      {"0\r\nA: " + std::string(4000, 'x') + "\r\n\r\n", ""},
      {"0\r\nA:\r\nB:\tx\x01\r\n\r\n", ""},
  };
  return kCases;
}

TEST(ChunkDecoder, GoodBodiesComeOutAtEveryCutAndSurplusIsLeft) {
  for (const ChunkCase& expected : good_chunks()) {
    for (std::size_t cut : kCuts) {
      SCOPED_TRACE(expected.wire.substr(0, 80) + " cut " + std::to_string(cut));
      Decoded decoded = decode(expected.wire + "HTTP/1.1 200 surplus", cut);
      ASSERT_TRUE(decoded.outcome) << decoded.outcome.error().detail;
      EXPECT_TRUE(decoded.done);
      EXPECT_EQ(decoded.body, expected.body);
      EXPECT_EQ(decoded.consumed, expected.wire.size());
    }
  }
}

std::vector<std::string> bad_chunks() {
  return {
      "\r\n",
      "\n",
      " 5\r\nhello\r\n",
      "+5\r\nhello\r\n",
      "-5\r\nhello\r\n",
      "-1\r\n",
      "0x5\r\nhello\r\n",
      "x\r\n",
      "g\r\n",
      "G\r\n",
      "@\r\n",
      "`\r\n",
      "/\r\n",
      ":\r\n",
      ";a\r\nhello\r\n",
      "5\nhello\r\n",
      "5\n\r\nhello",
      "5\rhello\r\n",
      "5\r\rhello",
      "5\r \nhello",
      "5x\r\nhello",
      "5.0\r\nhello",
      "5,5\r\nhello",
      "5_\r\nhello",
      "5 5\r\nhello",
      "5 x\r\nhello",
      "5 \nhello",
      "5;a\nhello",
      "5;a\rb\r\nhello",
      "5;a\0\r\nhello"s,
      "5\0\r\nhello"s,
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "5\r\nhello\r\r\n0\r\n\r\n",
      "5\r\nhello \r\n0\r\n\r\n",
      "5\r\nhello\r\n\r\n0\r\n\r\n",
      "5\r\nhello!\r\n0\r\n\r\n",
      "5\r\nhello\r\nx\r\n",
      "5\r\nhello\r\n-0\r\n\r\n",
      "10000000000000000\r\n",
      "00000000000000005\r\nhello\r\n",
      "ffffffffffffffff\r\n",
      "8000000000000000\r\n",
      "FFFFFFFFFFFFFFFF\r\n",
      "fffffffffffffffff\r\n",
      "0\r\nA: x\n\r\n",
      "0\r\nA: x\rB: y\r\n\r\n",
      "0\r\n\n",
      "0\r\n\rx",
      "0\r\n\r\r\n",
      "0\n\r\n",
      "0\n\n",
      "0\r\nA: \0\r\n\r\n"s,
      "0\r\nno colon\r\n\r\n",
      "0\r\nnocolon\r\n\r\n",
      "0\r\n: x\r\n\r\n",
      "0\r\nA : x\r\n\r\n",
      "0\r\nA: x\r\n folded\r\n\r\n",
      "0\r\nA\x01: x\r\n\r\n",
  };
}

TEST(ChunkDecoder, BadFramingIsAProtocolErrorAtEveryCut) {
  for (const std::string& wire : bad_chunks()) {
    for (std::size_t cut : kCuts) {
      SCOPED_TRACE(wire + " cut " + std::to_string(cut));
      Decoded decoded = decode(wire, cut);
      ASSERT_FALSE(decoded.outcome);
      EXPECT_EQ(decoded.outcome.error().code, ErrorCode::protocol_error);
    }
  }
}

TEST(ChunkDecoder, TheTablesAreAsLongAsTheyMustBe) {
  EXPECT_GE(good_chunks().size() + bad_chunks().size(), 60u);
}

TEST(ChunkDecoder, FloodsOfExtensionsAndTrailersAreCut) {
  std::string many_extensions;
  for (int i = 0; i < 40; ++i) many_extensions += "1;" + std::string(200, 'e') + "\r\nx\r\n";
  std::string many_trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i) many_trailers += "A: bcdef\r\n";
  for (const std::string& wire :
       {"5;" + std::string(256, 'e') + "\r\nhello", "5" + std::string(257, ' ') + "\r\nhello",
        many_extensions, "0\r\nA: " + std::string(4096, 'x'), many_trailers}) {
    for (std::size_t cut : kCuts) {
      Decoded decoded = decode(wire, cut);
      ASSERT_FALSE(decoded.outcome) << wire.substr(0, 40);
      EXPECT_EQ(decoded.outcome.error().code, ErrorCode::header_limit);
      EXPECT_LT(decoded.consumed, 8192u);
    }
  }
}

TEST(ChunkDecoder, LegalSizesBelowTheBoundWaitForTheirData) {
  for (std::string wire : {"7fffffffffffffff\r\nab", "0fffffffffffffff\r\nab"}) {
    Decoded decoded = decode(wire, kWhole);
    ASSERT_TRUE(decoded.outcome);
    EXPECT_EQ(decoded.body, "ab");
    EXPECT_FALSE(decoded.done);
  }
}

TEST(ChunkDecoder, EveryProperPrefixIsUnfinished) {
  const std::string wire = "5;x\r\nhello\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n";
  for (std::size_t size = 0; size < wire.size(); ++size) {
    Decoded decoded = decode(wire.substr(0, size), kWhole);
    EXPECT_TRUE(decoded.outcome) << size;
    EXPECT_FALSE(decoded.done) << size;
  }
}

TEST(ChunkDecoder, ResetBeginsANewBody) {
  ChunkDecoder decoder;
  std::string first = "5\r\nhel";
  ASSERT_TRUE(decoder.decode(std::as_writable_bytes(std::span(first))));
  decoder.reset();
  std::string second = "1\r\nx\r\n0\r\n\r\n";
  auto step = decoder.decode(std::as_writable_bytes(std::span(second)));
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->done);
  EXPECT_EQ(step->produced, 1u);
  auto again = decoder.decode(std::as_writable_bytes(std::span(second)));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->consumed, 0u);
}

}  // namespace
}  // namespace pixhaul::net
