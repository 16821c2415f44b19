// The whole engine on real sockets of this machine: EpollNetwork, CaresResolver and OpenSSL against
// the scripted origin and the scripted DNS server. Every row has a host name of its own, so that
// all rows of a test run at once and no fault weighs on another's host.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/random.h"
#include "net/address_guard.h"
#include "net/cares_resolver.h"
#include "net/epoll_network.h"
#include "net/fetcher.h"
#include "net/hosts_file.h"
#include "net/url.h"
#include "support/dns_server.h"
#include "support/origin.h"
#include "support/temp_folder.h"

namespace pixhaul::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::LedgerSnapshot;

class AcceptingJudge final : public BodyJudge {
 public:
  void reset() override { first_.clear(); }
  std::optional<Error> judge(std::span<const std::byte> bytes) override {
    for (std::size_t i = 0; i < bytes.size() && first_.size() < 2; ++i) {
      first_ += static_cast<char>(bytes[i]);
    }
    if (first_ == "<!" || first_ == "<h") return Error{.code = ErrorCode::not_image};
    return std::nullopt;
  }
  std::optional<Error> finish() override { return std::nullopt; }
  void describe(Outcome&) const override {}

 private:
  std::string first_;
};

class LiveParts final : public TransferParts {
 public:
  std::unique_ptr<BodyJudge> make_judge() override { return std::make_unique<AcceptingJudge>(); }
  std::unique_ptr<BodySink> make_sink(std::uint64_t) override { return nullptr; }
};

struct EngineLiveRow {
  const char* path;
  ErrorCode status;
};

class EngineLive : public ::testing::Test {
 protected:
  EngineLive() {
    settings_.user_agent = "pixhaul/test";
    settings_.rules.user_agent_token = "pixhaul";
    settings_.rules.disallowed_header_directives = {"noai"};
    settings_.rules.max_body_bytes = 2'000'000;
    settings_.retries = 0;
    settings_.min_speed = 0;
    settings_.ask_ipv6 = false;
    settings_.first_byte_timeout = milliseconds(600);
    settings_.deadline = milliseconds(1400);
    settings_.address_concurrency = 256;
  }

  void start(testing::OriginSettings origin = {}) {
    origin_ = testing::make_origin(std::move(origin));
    dns_->answer_below("hosts.test", testing::DnsAnswer{.addresses = {"127.0.0.1"}});
    dns_->answer_below("test", testing::DnsAnswer{.addresses = {"127.0.0.1"}});
    const std::string ca_file = folder_.write("ca.pem", origin_->ca_pem());
    const std::vector<std::string> allowed = {"127.0.0.0/8"};
    guard_.emplace(AddressGuard::create(allowed).value());
    tls_.emplace(TlsSettings{.ca_file = ca_file});
    fetcher_.emplace(settings_, *network_, *resolver_, hosts_, clock_, random_, *guard_, *tls_,
                     memory_, parts_);
  }

  // "http" or "https" and a path; each on a host of its own unless one is named.
  std::uint64_t submit(std::string_view scheme, std::string_view path, std::string host = {}) {
    const std::uint64_t id = ++last_id_;
    if (host.empty()) host = "h" + std::to_string(id) + ".hosts.test";
    const auto port = scheme == "https" ? origin_->tls_port() : origin_->port();
    auto url = parse_url(std::string(scheme) + "://" + host + ":" + std::to_string(port) +
                         std::string(path));
    EXPECT_TRUE(url.has_value()) << path;
    fetcher_->submit({.id = id, .url = std::move(*url)});
    return id;
  }
  void run() {
    const Instant last = clock_.now() + seconds(20);
    while (fetcher_->load() > 0 && clock_.now() < last) {
      fetcher_->step(milliseconds(100));
      std::vector<FetchResult> taken;
      fetcher_->take_results(taken);
      for (FetchResult& result : taken) {
        memory_.release_finished(result.body.capacity());
        results_[result.id] = std::move(result);
      }
    }
    EXPECT_EQ(fetcher_->load(), 0u);
  }
  const Outcome& fetch(std::string_view scheme, std::string_view path, std::string host = {}) {
    const std::uint64_t id = submit(scheme, path, std::move(host));
    run();
    return results_.at(id).outcome;
  }
  [[nodiscard]] const Outcome& outcome(std::uint64_t id) const { return results_.at(id).outcome; }
  [[nodiscard]] std::size_t count(ErrorCode status) const {
    return static_cast<std::size_t>(std::count_if(
        results_.begin(), results_.end(),
        [status](const auto& entry) { return entry.second.outcome.status == status; }));
  }

  void expect(std::string_view scheme, std::span<const EngineLiveRow> rows) {
    std::map<std::uint64_t, EngineLiveRow> asked;
    for (const EngineLiveRow& row : rows) asked[submit(scheme, row.path)] = row;
    run();
    for (const auto& [id, row] : asked) {
      ASSERT_TRUE(results_.contains(id)) << row.path;
      EXPECT_EQ(name(outcome(id).status), name(row.status))
          << scheme << row.path << ": " << outcome(id).detail;
    }
    EXPECT_EQ(memory_.used(), 0u);
  }

  testing::TempFolder folder_;
  std::unique_ptr<testing::DnsServer> dns_ = testing::make_dns_server();
  std::unique_ptr<testing::Origin> origin_;
  std::unique_ptr<EpollNetwork> network_ = EpollNetwork::create().value();
  std::unique_ptr<CaresResolver> resolver_ =
      CaresResolver::create(*network_, {.dns_servers = {dns_->address()}}).value();
  HostsFile hosts_;
  SystemClock clock_;
  Random random_{1};
  std::optional<AddressGuard> guard_;
  std::optional<TlsContext> tls_;
  MemoryBudget memory_{1u << 30, 1u << 30};
  LiveParts parts_;
  FetchSettings settings_;
  std::optional<Fetcher> fetcher_;
  std::map<std::uint64_t, FetchResult> results_;
  std::uint64_t last_id_ = 0;
};

using enum ErrorCode;

// What HTTP/1.1 and HTTP/2 have in common.
constexpr std::array kCommon = std::to_array<EngineLiveRow>({
    {"/img/64/64/1.jpg", success},
    {"/img/64/64/1.jpg?bytes=1500000", success},
    {"/status/404", http_4xx},
    {"/status/410", http_4xx},
    {"/status/500", http_5xx},
    {"/status/204", protocol_error},
    {"/redirect/302?to=/img/64/64/2.png", success},
    {"/redirect/loop", redirect_loop},
    {"/redirect/ring/a", redirect_loop},
    {"/redirect/chain/10", success},
    {"/redirect/chain/11", redirect_limit},
    {"/redirect/none", redirect_bad},
    {"/redirect/302?to=ftp://a.test/", scheme_denied},
    {"/redirect/302?to=http://10.0.0.1/", address_denied},
    {"/slow/head?ms=300", success},
    {"/slow/head?ms=1500", too_slow},
    {"/trickle?bytes_per_second=20", deadline},
    {"/stall/accept", too_slow},
    {"/stall/head", too_slow},
    {"/stall/body?at=100", deadline},
    {"/reset/connect", connection_reset},
    {"/reset/body?at=100", truncated},
    {"/endless", too_large},
    {"/gzip", success},
    {"/gzip/truncated", truncated},
    {"/gzip/corrupt", encoding_limit},
    {"/deflate", success},
    {"/deflate/raw", success},
    {"/br", success},
    {"/encoding/unknown", encoding_limit},
    {"/html", not_image},
    {"/html?type=image/jpeg", not_image},
    {"/1xx", success},
    {"/1xx?count=50", protocol_error},
    {"/robots_tag?value=noai", opt_out},
    {"/robots_tag?value=all", success},
    {"/tdm?value=1", opt_out},
    {"/tdm?value=0", success},
    {"/etag", success},
});

TEST_F(EngineLive, EveryFaultOfPlainHttpEndsInItsStatus) {
  start();
  expect("http", kCommon);
}

TEST_F(EngineLive, EveryFaultOverTlsEndsInItsStatus) {
  settings_.http = HttpChoice::http1;
  start();
  expect("https", kCommon);
}

TEST_F(EngineLive, EveryFaultOverHttp2EndsInItsStatus) {
  start();
  expect("https", kCommon);
  for (const auto& [id, result] : results_) {
    if (result.outcome.status != success) continue;
    EXPECT_EQ(result.outcome.http_version, "2");
  }
}

TEST_F(EngineLive, EveryFaultOfHttp1FramingEndsInItsStatus) {
  start();
  const auto rows = std::to_array<EngineLiveRow>({
      {"/reset/head", connection_reset},
      {"/length/short", protocol_error},
      {"/length/long", truncated},
      {"/length/duplicate", protocol_error},
      {"/length/duplicate_same", success},
      {"/length/negative", protocol_error},
      {"/length/plus", protocol_error},
      {"/length/list", protocol_error},
      {"/length/list_same", protocol_error},
      {"/length/overflow", protocol_error},
      {"/length/huge", too_large},
      {"/length/hexadecimal", protocol_error},
      {"/length/empty", protocol_error},
      {"/length/text", protocol_error},
      {"/length/missing", success},
      {"/length/with_chunked", protocol_error},
      {"/chunked/ok", success},
      {"/chunked/upper_case", success},
      {"/chunked/bare_lf", protocol_error},
      {"/chunked/missing_crlf", protocol_error},
      {"/chunked/overflow", protocol_error},
      {"/chunked/negative", protocol_error},
      {"/chunked/plus", protocol_error},
      {"/chunked/prefix", protocol_error},
      {"/chunked/text", protocol_error},
      {"/chunked/no_size", protocol_error},
      {"/chunked/truncated", truncated},
      {"/chunked/no_last", truncated},
      {"/chunked/no_end", truncated},
      {"/chunked/extensions?bytes=100", success},
      {"/chunked/trailers?bytes=100", success},
      {"/chunked/small", success},
      {"/head/bare_lf", success},
      {"/head/http09", protocol_error},
      {"/head/http10", success},
      {"/head/http3", protocol_error},
      {"/head/no_reason", success},
      {"/head/status_text", protocol_error},
      {"/head/status_four_digits", protocol_error},
      {"/head/garbage", protocol_error},
      {"/head/ssh", protocol_error},
      {"/head/no_colon", protocol_error},
      {"/head/space_before_colon", protocol_error},
      {"/head/folded", protocol_error},
      {"/head/empty_name", protocol_error},
      {"/head/upgrade", protocol_error},
      {"/surplus", protocol_error},
      {"/headers/flood?count=5000", header_limit},
      {"/headers/long?bytes=1000000", header_limit},
      {"/headers/endless", header_limit},
      {"/headers/trickle?ms=50", too_slow},
  });
  expect("http", rows);
}

TEST_F(EngineLive, EveryFaultOfHttp2FramesEndsInItsStatus) {
  start();
  const auto rows = std::to_array<EngineLiveRow>({
      {"/h2/refused?fail=1&key=a", success},
      {"/h2/reset?code=2", connection_reset},
      {"/h2/reset?code=2&at=100", truncated},
      {"/h2/goaway?refuse=1&key=b", success},
      {"/h2/goaway?refuse=0&key=c", success},
      {"/h2/ping_flood", protocol_error},
      {"/h2/settings_flood", protocol_error},
      {"/h2/max_concurrent?n=1", success},
      {"/h2/continuation_flood", protocol_error},
      {"/h2/empty_frames", protocol_error},
      {"/h2/push", protocol_error},
      {"/h2/window_overflow", protocol_error},
      {"/h2/window_zero", protocol_error},
      {"/h2/wrong_stream", protocol_error},
      {"/h2/huge_frame", protocol_error},
      {"/h2/length/short", protocol_error},
      {"/h2/length/long", truncated},
  });
  expect("https", rows);
}

TEST_F(EngineLive, BadCertificatesAreRefusedBeforeAnyRequest) {
  start();
  for (const char* host : {"expired.test", "not-yet-valid.test", "wrong-host.test",
                           "self-signed.test", "unknown-ca.test"}) {
    const Outcome& got = fetch("https", "/img/64/64/1.jpg", host);
    EXPECT_EQ(name(got.status), name(tls_certificate)) << host << ": " << got.detail;
  }
  EXPECT_EQ(fetch("https", "/img/64/64/1.jpg", "localhost").status, success);
  EXPECT_EQ(origin_->settled_ledger().requests.size(), 1u);
}

TEST_F(EngineLive, ConnectionFaultsBeforeTheFirstByteAreFailuresOfTheRow) {
  start();
  for (const char* scheme : {"http", "https"}) {
    for (const auto fault : {testing::ConnectFault::reset, testing::ConnectFault::close}) {
      origin_->fail_connections(fault, 1);
      const Outcome& got = fetch(scheme, "/img/64/64/1.jpg");
      EXPECT_TRUE(got.status == connection_reset || got.status == tls_handshake)
          << scheme << ": " << name(got.status) << " " << got.detail;
    }
    origin_->fail_connections(testing::ConnectFault::stall, 1);
    const Outcome& got = fetch(scheme, "/img/64/64/1.jpg");
    EXPECT_EQ(name(got.status), name(scheme == std::string_view("http") ? too_slow : deadline))
        << got.detail;
  }
}

TEST_F(EngineLive, RefusedPortAndUnknownNameSaySo) {
  start();
  const testing::RefusingPort refusing;
  auto url = parse_url("http://a.test:" + std::to_string(refusing.port()) + "/");
  fetcher_->submit({.id = 900, .url = std::move(*url)});
  fetcher_->submit({.id = 901, .url = std::move(*parse_url("http://nobody.example/"))});
  run();
  EXPECT_EQ(outcome(900).status, connect_refused);
  EXPECT_EQ(outcome(901).status, dns_not_found);
}

// The server leaves after byte n of every second response. A kept connection that ends before the
// first byte is no failure; after it the body is cut.
TEST_F(EngineLive, KeptConnectionMayEndAtEveryByte) {
  settings_.host_concurrency = 1;
  settings_.http = HttpChoice::http1;
  start();
  for (const char* scheme : {"http", "https"}) {
    for (const char* how : {"close", "cut", "reset"}) {
      for (int n = 0; n < 400; n += n < 4 ? 1 : 37) {
        const std::string host = "k" + std::to_string(n) + scheme + how + ".hosts.test";
        const std::uint64_t first = submit(scheme, "/img/64/64/1.jpg", host);
        const std::uint64_t cut =
            submit(scheme, "/keepalive/close_at_byte?n=" + std::to_string(n) + "&how=" + how, host);
        const std::uint64_t last = submit(scheme, "/img/64/64/1.jpg", host);
        run();
        EXPECT_EQ(outcome(first).status, success);
        EXPECT_EQ(outcome(last).status, success) << scheme << how << n;
        const ErrorCode got = outcome(cut).status;
        EXPECT_TRUE(got == success || got == connection_reset || got == truncated)
            << scheme << how << n << ": " << name(got) << outcome(cut).detail;
      }
    }
  }
}

TEST_F(EngineLive, CodingBombsAreStopped) {
  start();
  for (const char* scheme : {"http", "https"}) {
    const Outcome& got = fetch(scheme, "/gzip_bomb?bytes=20000000");
    EXPECT_TRUE(got.status == encoding_limit || got.status == too_large) << got.detail;
  }
}

TEST_F(EngineLive, ServerThatClosesAfterEveryFewResponsesCostsNoRow) {
  settings_.http = HttpChoice::http1;
  start();
  for (const char* scheme : {"http", "https"}) {
    for (int announce = 0; announce < 2; ++announce) {
      for (int i = 0; i < 60; ++i) {
        submit(scheme, "/keepalive/close_after?n=3&announce=" + std::to_string(announce),
               "close.hosts.test");
      }
    }
  }
  run();
  EXPECT_EQ(count(success), 240u);
  for (const auto& [id, result] : results_) EXPECT_EQ(result.outcome.attempts, 1);
}

TEST_F(EngineLive, ManyImagesShareOneHttp2Connection) {
  start();
  for (int i = 0; i < 200; ++i) submit("https", "/img/64/64/1.jpg?bytes=50000", "a.test");
  run();
  EXPECT_EQ(count(success), 200u);
  const LedgerSnapshot ledger = origin_->settled_ledger();
  EXPECT_EQ(ledger.connections.size(), 1u);
  EXPECT_LE(ledger.max_simultaneous.begin()->second, 24u);
}

// Also when HTTP/2 is asked for, and when the one connection had to be given up.
TEST_F(EngineLive, ForcedHttp2OpensOneConnectionAtATime) {
  settings_.http = HttpChoice::http2;
  settings_.host_concurrency = 24;
  start();
  for (int round = 1; round <= 2; ++round) {
    for (int i = 0; i < 50; ++i) submit("https", "/img/64/64/1.jpg", "a.test");
    run();
    EXPECT_EQ(count(success), 50u * round);
    if (round == 2) break;
    submit("https", "/h2/ping_flood", "a.test");  // ends the connection
    run();
  }
  EXPECT_LE(origin_->settled_ledger().connections.size(), 2u);
}

TEST_F(EngineLive, LimitedStreamsAreNeverExceeded) {
  start({.h2_max_concurrent_streams = 3});
  for (int i = 0; i < 60; ++i) submit("https", "/slow/head?ms=20", "a.test");
  run();
  EXPECT_EQ(count(success), 60u);
}

TEST_F(EngineLive, IdleHttp2ConnectionsAreClosedOverCapacity) {
  settings_.idle_connections = 3;
  start();
  for (int i = 0; i < 20; ++i) submit("https", "/img/64/64/1.jpg");
  run();
  EXPECT_EQ(count(success), 20u);
  for (int i = 0; i < 3; ++i) fetcher_->step(milliseconds(110));
  std::size_t open = 99;
  for (int i = 0; i < 200 && open > 3; ++i) {  // the origin's threads notice in their own time
    const auto connections = origin_->ledger().connections;
    open = static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(),
                                                  [](const auto& c) { return c.is_open; }));
    fetcher_->step(milliseconds(1));
  }
  EXPECT_EQ(open, 3u);
}

}  // namespace
}  // namespace pixhaul::net
