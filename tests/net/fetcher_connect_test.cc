#include <gmock/gmock.h>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SimServer silent() { return {.accept = SimServer::Accept::never}; }
SimServer refusing() { return {.accept = SimServer::Accept::refuse}; }
SimServer echoing() { return {.handler = echo_target()}; }

// RFC 8305: the second address is tried 250 ms after the first, and wins one round trip later.
TEST(FetcherConnect, BlackholedFirstAddressCostsAQuarterOfASecond) {
  FetchRig rig;
  rig.resolver.answer("img.test", {.addresses = {"2606:2800::1", "93.184.216.1"}});
  rig.network.serve(socket_address("2606:2800::1"), silent());
  rig.network.serve(socket_address("93.184.216.1"), echoing());
  const Fetched& got = rig.fetch("http://img.test/");
  EXPECT_EQ(got.outcome.status, ErrorCode::success);
  EXPECT_EQ(got.outcome.address, "93.184.216.1:80");
  EXPECT_FLOAT_EQ(got.outcome.times.connect_ms, 270);
  EXPECT_EQ(rig.network.open_sockets(), 1u) << "the loser is closed";
}

TEST(FetcherConnect, RefusedFirstAddressCostsOneRoundTrip) {
  FetchRig rig;
  rig.resolver.answer("img.test", {.addresses = {"2606:2800::1", "93.184.216.1"}});
  rig.network.serve(socket_address("2606:2800::1"), refusing());
  rig.network.serve(socket_address("93.184.216.1"), echoing());
  EXPECT_FLOAT_EQ(rig.fetch("http://img.test/").outcome.times.connect_ms, 40);
}

TEST(FetcherConnect, UnreachableFirstAddressCostsNothing) {
  FetchRig rig;
  rig.resolver.answer("img.test", {.addresses = {"2606:2800::1", "93.184.216.1"}});
  rig.network.serve(socket_address("2606:2800::1"), {.accept = SimServer::Accept::unreachable});
  rig.network.serve(socket_address("93.184.216.1"), echoing());
  EXPECT_FLOAT_EQ(rig.fetch("http://img.test/").outcome.times.connect_ms, 20);
}

TEST(FetcherConnect, TwoAddressesReadyInOneBatchAreOneConnection) {
  FetchRig rig;
  rig.resolver.answer("img.test", {.addresses = {"2606:2800::1", "93.184.216.1"}});
  SimServer slow = echoing();
  slow.one_way = milliseconds(135);
  rig.network.serve(socket_address("2606:2800::1"), slow);       // decided after 270 ms
  rig.network.serve(socket_address("93.184.216.1"), echoing());  // begun at 250, decided at 270
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::success);
  EXPECT_EQ(rig.fetch("http://img.test/2").outcome.status, ErrorCode::success);
  EXPECT_EQ(rig.network.open_sockets(), 1u);
  EXPECT_EQ(rig.fetcher->counters().connections_opened, 1u);
}

// The attempt gives up just when the connect is decided.
TEST(FetcherConnect, ConnectDecidedInTheMomentItIsGivenUpHarmsNobody) {
  for (int late = -2; late <= 2; ++late) {
    FetchRig rig;
    rig.settings.retries = 0;
    SimServer slow = echoing();
    slow.one_way = milliseconds(2500 + late * 50);
    rig.serve("img.test", "93.184.216.1", slow);
    for (int i = 0; i < 4; ++i) rig.submit("http://img.test/" + std::to_string(i));
    rig.serve("other.test", "93.184.216.2", echo_target());
    for (int i = 0; i < 4; ++i) rig.submit("http://other.test/" + std::to_string(i));
    rig.run();
    EXPECT_EQ(rig.results().size(), 8u);
    EXPECT_GE(rig.count(ErrorCode::success), 4u);
  }
}

TEST(FetcherConnect, AllAddressesFailingIsOneFailure) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.resolver.answer("img.test", {.addresses = {"93.184.216.1", "93.184.216.2"}});
  rig.network.serve(socket_address("93.184.216.1"), refusing());
  rig.network.serve(socket_address("93.184.216.2"), refusing());
  const Fetched& got = rig.fetch("http://img.test/");
  EXPECT_EQ(got.outcome.status, ErrorCode::connect_refused);
  EXPECT_EQ(got.outcome.detail, "connect 93.184.216.2:80: Connection refused");
  EXPECT_EQ(rig.network.open_sockets(), 0u);
}

TEST(FetcherConnect, NameIsAskedOnceForManyJobs) {
  FetchRig rig;
  rig.serve("img.test", "93.184.216.1", echo_target());
  for (int i = 0; i < 20; ++i) rig.submit("http://img.test/" + std::to_string(i));
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 20u);
  EXPECT_LE(rig.resolver.question_count(), 2u);  // A and AAAA
}

TEST(FetcherConnect, HttpProxyIsAskedForATunnelToTheVettedAddress) {
  FetchRig rig;
  auto proxy = net::ProxySettings::create("http://user:secret@proxy.test:3128", {});
  ASSERT_TRUE(proxy.has_value());
  rig.settings.proxy = std::move(*proxy);
  rig.resolver.answer("proxy.test", {.addresses = {"10.0.0.1"}});  // exempt from the guard
  rig.resolver.answer("img.test", {.addresses = {"93.184.216.1"}});
  rig.network.serve(socket_address("10.0.0.1", 3128),
                    {.handler = [](const SimRequest& request) -> std::vector<SimStep> {
                      if (request.method == "CONNECT")
                        return {{.bytes = "HTTP/1.1 200 OK\r\n\r\n"}};
                      return reply(200, request.host());
                    }});
  EXPECT_EQ(rig.fetch("http://img.test/1").body, "img.test");
  EXPECT_EQ(rig.fetch("http://img.test/2").body, "img.test");
  EXPECT_EQ(rig.targets(), (std::vector<std::string>{"93.184.216.1:80", "/1", "/2"}));
  EXPECT_EQ(rig.network.requests().at(0).field("Proxy-Authorization"), "Basic dXNlcjpzZWNyZXQ=");
  EXPECT_EQ(rig.network.requests().at(1).field("Proxy-Authorization"), "");
}

TEST(FetcherConnect, TargetBehindAProxyIsVettedToo) {
  FetchRig rig;
  auto proxy = net::ProxySettings::create("http://10.0.0.1:3128", {});
  ASSERT_TRUE(proxy.has_value());
  rig.settings.proxy = std::move(*proxy);
  rig.resolver.answer("img.test", {.addresses = {"169.254.169.254"}});
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::address_denied);
  EXPECT_TRUE(rig.network.connects().empty());
}

TEST(FetcherConnect, ProxyThatSaysNoEndsTheUrl) {
  FetchRig rig;
  rig.settings.retries = 0;
  auto proxy = net::ProxySettings::create("http://10.0.0.1:3128", {});
  ASSERT_TRUE(proxy.has_value());
  rig.settings.proxy = std::move(*proxy);
  rig.resolver.answer("img.test", {.addresses = {"93.184.216.1"}});
  rig.network.serve(socket_address("10.0.0.1", 3128),
                    {.handler = [](const SimRequest&) { return reply(403, "no"); }});
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::connect_refused);
}

TEST(FetcherConnect, Socks5ProxyCarriesTheRequests) {
  FetchRig rig;
  auto proxy = net::ProxySettings::create("socks5h://10.0.0.1:1080", {});
  ASSERT_TRUE(proxy.has_value());
  rig.settings.proxy = std::move(*proxy);
  std::string asked;
  rig.network.serve(
      socket_address("10.0.0.1", 1080),
      {.handler = echo_target(), .talk = [&](std::string& input) -> std::vector<SimStep> {
         if (input.starts_with("GET ")) return {};
         const bool greeting = input.size() == 3;
         if (!greeting) asked = input.substr(5, static_cast<unsigned char>(input[4]));
         input.clear();
         if (greeting) return {{.bytes = std::string("\x05\x00", 2)}};
         return {{.bytes = std::string("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10)}};
       }});
  const Fetched& got = rig.fetch("http://img.test/1");
  EXPECT_EQ(got.outcome.status, ErrorCode::success) << got.outcome.detail;
  EXPECT_EQ(got.body, "/1");
  EXPECT_EQ(asked, "img.test") << "socks5h: the proxy resolves";
  EXPECT_EQ(rig.resolver.question_count(), 0u);
}

// The load is counted where the connection is: a full address holds nobody who lives elsewhere.
TEST(FetcherConnect, TransferCountsAtTheAddressThatWonTheRace) {
  FetchRig rig;
  rig.settings.address_concurrency = 1;
  rig.settings.adaptive = false;
  rig.settings.host_concurrency = 1;
  rig.resolver.answer("far.test", {.addresses = {"2606:2800::1", "93.184.216.1"}});
  rig.resolver.answer("near.test", {.addresses = {"2606:2800::1"}});
  rig.network.serve(socket_address("93.184.216.1"), {.handler = [](const SimRequest& request) {
                      return reply(200, request.target, {}, seconds(5));
                    }});
  rig.network.serve(socket_address("2606:2800::1"), refusing());
  const std::uint64_t far = rig.submit("http://far.test/");
  rig.run_for(seconds(1));  // the first address has refused, the second is at work
  rig.network.serve(socket_address("2606:2800::1"), echoing());
  const std::uint64_t near = rig.submit("http://near.test/");
  rig.run();
  EXPECT_EQ(rig.status(far), ErrorCode::success);
  EXPECT_EQ(rig.status(near), ErrorCode::success);
  EXPECT_LT(rig.at(near).at, rig.at(far).at);
}

}  // namespace
}  // namespace pixhaul::testing
