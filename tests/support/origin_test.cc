#include "support/origin.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include "support/builtin_scripts.h"
#include "support/fake_clock.h"
#include "support/result_matchers.h"
#include "support/temp_folder.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::EndsWith;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A plain connection that sends text and shows what comes back.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }

  [[nodiscard]] bool is_connected() const { return is_connected_; }

  void get(std::string_view path, std::string_view more = "") {
    send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a.test\r\n" + std::string(more) + "\r\n");
  }
  void send(std::string_view text) {
    static_cast<void>(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL));
  }
  // Everything up to the end of the connection; `was_reset()` says how it ended.
  std::string read_all() {
    while (read_some(milliseconds(5000))) {
    }
    return std::exchange(received_, {});
  }
  // Everything up to the end of `text`.
  std::string read_through(std::string_view text) {
    while (received_.find(text) == std::string::npos && read_some(milliseconds(5000))) {
    }
    return std::exchange(received_, {});
  }
  std::string read_for(milliseconds patience) {
    while (read_some(patience)) {
    }
    return std::exchange(received_, {});
  }
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  [[nodiscard]] bool has_ended() const { return has_ended_; }

 private:
  bool read_some(milliseconds patience) {
    pollfd polled{fd_.get(), POLLIN, 0};
    if (::poll(&polled, 1, static_cast<int>(patience.count())) <= 0) return false;
    std::array<char, 65536> chunk;
    const ssize_t size = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    was_reset_ = size < 0 && errno == ECONNRESET;
    has_ended_ = size <= 0;
    if (size > 0) received_.append(chunk.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  UniqueFd fd_;
  std::string received_;
  bool is_connected_ = false;
  bool was_reset_ = false;
  bool has_ended_ = false;
};

std::string fetch(const Origin& origin, std::string_view path, std::string_view more = "") {
  Client client(origin.port());
  client.get(path, std::string(more) + "Connection: close\r\n");
  return client.read_all();
}

// What curl prints, its exit code behind it.
std::string curl(const Origin& origin, const std::string& arguments) {
  const TempFolder folder;
  const std::string command = "curl -sS --noproxy '*' --max-time 5 --cacert " +
                              folder.write("ca.pem", origin.ca_pem()) +
                              " --resolve '*:" + std::to_string(origin.tls_port()) +
                              ":127.0.0.1' " + arguments + " 2>&1; echo \" exit $?\"";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string out;
  std::array<char, 65536> chunk;
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
    out.append(chunk.data(), size);
  }
  ::pclose(pipe);
  return out;
}

TEST(Origin, ServesAPictureOfTheExactSize) {
  const auto origin = make_origin();
  const std::string wire = fetch(*origin, "/img/40/30/7.jpg?bytes=5000");
  EXPECT_THAT(
      wire, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n"));
  EXPECT_THAT(wire, EndsWith("\xff\xd9"));
}

TEST(Origin, ScriptIsCarriedOutByteForByte) {
  const auto origin = make_origin();
  origin->serve(
      "/odd", Script{{Step::send("HTTP/1.1 2"), Step::wait(milliseconds(1)), Step::send("00 \n\n"),
                      Step::body("xyz"), Step::end(Ending::close)}});
  EXPECT_EQ(fetch(*origin, "/odd"), "HTTP/1.1 200 \n\nxyz");
}

TEST(Origin, LedgerHoldsRequestConnectionAndDigest) {
  const auto origin = make_origin();
  origin->serve("/abc", reply(200, "text/plain", "abc"));
  Client client(origin->port());
  client.get("/abc?x=1", "User-Agent: test\r\n");
  client.read_through("abc");
  client.get("/abc");
  client.read_through("abc");
  const LedgerSnapshot ledger = origin->settled_ledger();
  ASSERT_EQ(ledger.requests.size(), 2U);
  EXPECT_EQ(ledger.count("/abc"), 2U);
  EXPECT_EQ(ledger.connections.size(), 1U);
  EXPECT_EQ(ledger.requests[0].target, "/abc?x=1");
  EXPECT_EQ(ledger.requests[0].headers[1].value, "test");
  EXPECT_EQ(ledger.requests[1].number_on_connection, 2U);
  EXPECT_EQ(ledger.requests[1].body_sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ledger.max_simultaneous.at("a.test"), 1U);
}

TEST(Origin, ResponseEndsAtEveryByteAsked) {
  const auto origin = make_origin();
  const std::string whole = fetch(*origin, "/close/at?n=1000000");
  for (const std::size_t n : {0U, 1U, 16U, 17U, 90U, 500U}) {
    for (const char* how : {"close", "cut", "reset"}) {
      Client client(origin->port());
      client.get("/close/at?n=" + std::to_string(n) + "&how=" + how);
      EXPECT_EQ(client.read_all(), whole.substr(0, n)) << how;
      EXPECT_EQ(client.was_reset(), how == std::string("reset")) << n;
    }
  }
}

TEST(Origin, KeptConnectionEndsAtTheByteAsked) {
  const auto origin = make_origin();
  for (const std::string n : {"0", "5"}) {
    Client client(origin->port());
    client.get("/keepalive/close_at_byte?n=" + n);
    EXPECT_THAT(client.read_through(plain_picture()), HasSubstr("200 OK"));
    client.get("/keepalive/close_at_byte?n=" + n);
    EXPECT_EQ(client.read_all().size(), static_cast<std::size_t>(std::stoi(n)));
  }
}

TEST(Origin, StallsUntilTheClientLeaves) {
  const auto origin = make_origin();
  {
    Client client(origin->port());
    client.get("/stall/body?at=7");
    EXPECT_THAT(client.read_through(plain_picture().substr(0, 7)), HasSubstr("\r\n\r\n\xff\xd8"));
    EXPECT_EQ(client.read_for(milliseconds(20)), "");
    EXPECT_FALSE(client.has_ended());
  }
  const RequestRecord record = origin->settled_ledger().requests_to("/stall/body").at(0);
  EXPECT_EQ(record.body_bytes, 7U);
  EXPECT_FALSE(record.is_complete);
}

TEST(Origin, StopsAtOnceWithManyStalledConnections) {
  auto origin = make_origin();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<Client>(origin->port()));
    clients.back()->get("/stall/head");
  }
  for (const auto& client : clients) client->read_through("Content-Ty");
  EXPECT_EQ(origin->ledger().max_simultaneous.at("a.test"), 300U);
  const auto before = steady_clock::now();
  origin.reset();
  EXPECT_LT(steady_clock::now() - before, milliseconds(2000));
}

struct WireRow {
  const char* path;
  const char* expected;  // somewhere in the response
};

constexpr WireRow kWireRows[] = {
    {"/status/404", "HTTP/1.1 404 Not Found\r\n"},
    {"/status/429?retry_after=2", "Retry-After: 2\r\n"},
    {"/redirect/301?to=http%3A%2F%2Fb.test%2F", "Location: http://b.test/\r\n"},
    {"/redirect/loop", "Location: /redirect/loop\r\n"},
    {"/redirect/chain/12", "Location: /redirect/chain/11\r\n"},
    {"/redirect/chain/0", "200 OK"},
    {"/length/negative", "Content-Length: -5\r\n"},
    {"/length/plus", "Content-Length: +"},
    {"/length/overflow", "Content-Length: 99999999999999999999999\r\n"},
    {"/length/with_chunked", "Transfer-Encoding: chunked\r\n"},
    {"/length/short", "bleed"},
    {"/chunked/ok", "\r\n0\r\n\r\n"},
    {"/chunked/overflow", "\r\n10000000000000000\r\n"},
    {"/chunked/negative", "\r\n-1\r\n"},
    {"/chunked/extensions", ";name=value"},
    {"/chunked/trailers", "0\r\nX-Trailer: t"},
    {"/gzip", "Content-Encoding: gzip\r\n"},
    {"/deflate", "Content-Encoding: deflate\r\n"},
    {"/br", "Content-Encoding: br\r\n"},
    {"/gzip_bomb?bytes=1000000", "Content-Encoding: gzip\r\n"},
    {"/html", "Content-Type: text/html"},
    {"/empty", "Content-Length: 0\r\n"},
    {"/headers/flood?count=300", "X-Flood-299: v"},
    {"/1xx?count=3", "103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200"},
    {"/robots_tag?value=noai,%20noimageai", "X-Robots-Tag: noai, noimageai\r\n"},
    {"/tdm", "tdm-reservation: 1\r\n"},
    {"/robots.txt", "Disallow: /private/"},
    {"/etag", "ETag: \"v1\"\r\n"},
    {"/echo?a=b", "GET /echo?a=b\nhost: a.test\n"},
    {"/head/garbage", "not http"},
    {"/trickle?bytes_per_second=100000&bytes=900", "Content-Length: 900\r\n"},
    {"/h2/goaway", "needs HTTP/2"},
    {"/nowhere", "404"},
};

TEST(Origin, BuiltInPathsSayWhatTheirNameSays) {
  const auto origin = make_origin();
  for (const WireRow& row : kWireRows) {
    EXPECT_THAT(fetch(*origin, row.path), HasSubstr(row.expected)) << row.path;
  }
}

TEST(Origin, EtagThatMatchesIsNotModified) {
  const auto origin = make_origin();
  const std::string wire = fetch(*origin, "/etag", "If-None-Match: \"v1\"\r\n");
  EXPECT_THAT(wire, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(wire, EndsWith("\r\n\r\n"));
}

TEST(Origin, FlakyPathFailsAsOftenAsAsked) {
  const auto origin = make_origin();
  EXPECT_THAT(fetch(*origin, "/flaky?fail=1&key=a"), HasSubstr("503"));
  EXPECT_THAT(fetch(*origin, "/flaky?fail=1&key=a"), HasSubstr("200 OK"));
  EXPECT_THAT(fetch(*origin, "/flaky?fail=1&key=b&how=reset"), Eq(""));
}

TEST(Origin, PutReplacesAPath) {
  const auto origin = make_origin();
  Client client(origin->port());
  client.send(
      "PUT /robots.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  EXPECT_THAT(client.read_all(), HasSubstr("201"));
  EXPECT_THAT(fetch(*origin, "/robots.txt"), EndsWith("\r\n\r\nabc"));
}

TEST(Origin, ConnectionFaultsMeetTheNextConnections) {
  const auto origin = make_origin();
  origin->fail_connections(ConnectFault::reset, 1);
  Client refused(origin->port());
  refused.get("/img/8/8/1.jpg");
  EXPECT_EQ(refused.read_all(), "");
  EXPECT_THAT(fetch(*origin, "/img/8/8/1.jpg"), HasSubstr("200 OK"));
  EXPECT_EQ(origin->ledger().connections.at(0).fault, "reset");
}

TEST(Origin, EndlessBodyGoesOnUntilTheClientLeaves) {
  const auto origin = make_origin();
  {
    Client client(origin->port());
    client.get("/endless");
    EXPECT_GT(client.read_through(std::string(100'000, 'x')).size(), 100'000U);
  }
  EXPECT_GT(origin->settled_ledger().requests.at(0).body_bytes, 90'000U);
}

TEST(Origin, RefusingPortRefusesAndSilentPortIsSilent) {
  const RefusingPort refusing;
  EXPECT_FALSE(Client(refusing.port()).is_connected());
  const SilentPort silent;
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(silent.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  static_cast<void>(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  pollfd polled{fd.get(), POLLOUT, 0};
  EXPECT_EQ(::poll(&polled, 1, 50), 0);
}

TEST(Origin, TakenPortIsAnError) {
  const auto origin = make_origin();
  OriginSettings settings;
  settings.port = origin->port();
  EXPECT_THAT(Origin::create(settings), HasError(ErrorCode::unreachable));
}

TEST(Origin, SpeaksHttp2AndHttp1OverTls) {
  const auto origin = make_origin();
  const std::string write = " -o /dev/null -w '%{http_version} %{http_code} %{size_download}' ";
  const std::string url = origin->tls_url("/img/40/30/7.jpg?bytes=300000");
  EXPECT_EQ(curl(*origin, "--http2" + write + url), "2 200 300000 exit 0\n");
  EXPECT_EQ(curl(*origin, "--http1.1" + write + url), "1.1 200 300000 exit 0\n");
  const LedgerSnapshot ledger = origin->settled_ledger();
  EXPECT_EQ(ledger.requests.at(0).stream_id, 1);
  EXPECT_EQ(ledger.requests.at(0).body_sha256, ledger.requests.at(1).body_sha256);
  EXPECT_TRUE(ledger.connections.at(0).is_http2);
  EXPECT_EQ(ledger.connections.at(0).tls_version, "TLSv1.3");
}

TEST(Origin, BadCertificatesAreRefusedByCurl) {
  const auto origin = make_origin();
  EXPECT_THAT(curl(*origin, origin->tls_url("/echo", "fine.hosts.test")), EndsWith(" exit 0\n"));
  for (const char* name : {"expired", "not-yet-valid", "wrong-host", "self-signed", "unknown-ca"}) {
    EXPECT_THAT(curl(*origin, origin->tls_url("/echo", std::string(name) + ".test")),
                EndsWith(" exit 60\n"))
        << name;
  }
}

struct CurlRow {
  const char* path;
  const char* exit;  // curl's: 92 stream error, 18 partial, 28 timeout, 52 and 56 lost
};

TEST(Origin, Http2FaultsReachTheClient) {
  const auto origin = make_origin();
  constexpr CurlRow kRows[] = {
      {"/h2/refused?fail=1000", "56"},  {"/h2/reset?code=2", "92"},
      {"/h2/reset?code=2&at=50", "92"}, {"/h2/goaway", "0"},
      {"/h2/max_concurrent?n=1", "0"},  {"/h2/window_zero", "52"},
      {"/length/short", "0"},           {"/stall/body", "28"},
      {"/close/at?n=9", "18"},          {"/trickle?bytes_per_second=50000", "0"},
  };
  for (const CurlRow& row : kRows) {
    EXPECT_THAT(curl(*origin, "--http2 --max-time 1 -o /dev/null " +
                                  origin->tls_url("'" + std::string(row.path) + "'")),
                EndsWith(std::string(" exit ") + row.exit + "\n"))
        << row.path;
  }
}

TEST(Origin, Http2StreamsOfOneConnectionRunSideBySide) {
  const auto origin = make_origin();
  std::string urls;
  for (int i = 0; i < 8; ++i) urls += " -o /dev/null " + origin->tls_url("/slow/head?ms=100");
  EXPECT_THAT(curl(*origin, "--http2 --parallel" + urls), EndsWith(" exit 0\n"));
  const LedgerSnapshot ledger = origin->settled_ledger();
  EXPECT_EQ(ledger.requests.size(), 8U);
  const std::string host = "localhost:" + std::to_string(origin->tls_port());
  EXPECT_GT(ledger.max_simultaneous.at(host), 1U);
}

TEST(Origin, LedgerIsServedAsJsonAndWrittenAsLines) {
  const TempFolder folder;
  {
    const auto origin = make_origin({.ledger_file = folder.file("ledger.ndjson")});
    static_cast<void>(fetch(*origin, "/empty"));
    EXPECT_THAT(fetch(*origin, "/__ledger"), HasSubstr("\"path\":\"/empty\""));
  }
  EXPECT_THAT(folder.read("ledger.ndjson"), HasSubstr("\"kind\":\"request\""));
  EXPECT_THAT(folder.read("ledger.ndjson"), HasSubstr("\"kind\":\"connection\""));
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock;
  const Instant before = clock.now();
  const WallTime wall = clock.wall_now();
  clock.advance(milliseconds(1500));
  EXPECT_EQ(clock.now() - before, milliseconds(1500));
  EXPECT_EQ(clock.wall_now() - wall, milliseconds(1500));
}

TEST(ResultMatchers, TellValuesFromErrors) {
  const Result<int> value = 5;
  const Result<int> error = std::unexpected(Error{.code = ErrorCode::bad_url});
  EXPECT_THAT(value, IsOk());
  EXPECT_THAT(value, IsOkAnd(Eq(5)));
  EXPECT_THAT(value, Not(HasError(ErrorCode::bad_url)));
  EXPECT_THAT(error, HasError(ErrorCode::bad_url));
  EXPECT_THAT(error, Not(IsOk()));
  EXPECT_THAT(error, Not(HasError(ErrorCode::bad_row)));
}

}  // namespace
}  // namespace pixhaul::testing
