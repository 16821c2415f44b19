#include <gmock/gmock.h>

#include <set>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string host(int number) { return "h" + std::to_string(number) + ".test"; }

SimServer working(Duration takes) {
  return {.handler = [takes](const SimRequest& request) {
    return reply(200, request.target, {}, takes);
  }};
}

TEST(FetcherLimits, HostConcurrencyIsNeverExceededAtTheServer) {
  for (const std::uint32_t limit : {1u, 2u, 5u, 0u}) {
    FetchRig rig;
    rig.settings.host_concurrency = limit;
    rig.serve("img.test", "93.184.216.1", working(milliseconds(50)));
    for (int i = 0; i < 100; ++i) rig.submit("http://img.test/" + std::to_string(i));
    rig.run();
    EXPECT_EQ(rig.count(ErrorCode::success), 100u);
    EXPECT_EQ(rig.network.most_of_host("img.test"), limit == 0 ? 6u : limit);
  }
}

TEST(FetcherLimits, AdaptiveHostBeginsWithTwo) {
  FetchRig rig;
  rig.serve("img.test", "93.184.216.1", working(seconds(5)));
  for (int i = 0; i < 10; ++i) rig.submit("http://img.test/" + std::to_string(i));
  rig.run_for(seconds(4));
  EXPECT_EQ(rig.network.most_of_host("img.test"), 2u);
}

TEST(FetcherLimits, AddressConcurrencyHoldsOverAllItsHosts) {
  FetchRig rig;
  rig.settings.address_concurrency = 8;
  const net::SocketAddress address = socket_address("93.184.216.1");
  for (int i = 0; i < 100; ++i) {
    rig.serve(host(i), "93.184.216.1", working(milliseconds(50)));
    for (int k = 0; k < 3; ++k) rig.submit("http://" + host(i) + "/" + std::to_string(k));
  }
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 300u);
  EXPECT_LE(rig.network.most_of_address(address), 8u);
  EXPECT_GE(rig.network.most_of_address(address), 6u) << "and it is used";
  for (const auto& [id, got] : rig.results()) EXPECT_EQ(got.outcome.attempts, 1);
}

// One of two hosts at a full address is told to wait: its place goes to the other.
TEST(FetcherLimits, LimitedHostLeavesItsAddressToItsNeighbours) {
  FetchRig rig;
  rig.settings.address_concurrency = 1;
  rig.settings.host_concurrency = 1;
  rig.network.serve(socket_address("93.184.216.1"),
                    {.handler = [n = 0](const SimRequest& request) mutable {
                      if (request.host() == "busy.test" && ++n < 3) {
                        return reply(429, "", "Retry-After: 60\r\n");
                      }
                      return reply(200, "x");
                    }});
  for (const char* name : {"busy.test", "calm.test"}) {
    rig.resolver.answer(name, {.addresses = {"93.184.216.1"}});
    for (int i = 0; i < 5; ++i) rig.submit(std::string("http://") + name + "/");
  }
  rig.run_for(seconds(20));
  EXPECT_EQ(rig.count(ErrorCode::success), 5u) << "all of calm.test";
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 10u);
}

TEST(FetcherLimits, HostIntervalIsKeptBetweenStarts) {
  FetchRig rig;
  rig.settings.host_interval = milliseconds(500);
  rig.serve("img.test", "93.184.216.1", echo_target());
  for (int i = 0; i < 10; ++i) rig.submit("http://img.test/" + std::to_string(i));
  rig.run();
  const auto& requests = rig.network.requests();
  ASSERT_EQ(requests.size(), 10u);
  for (std::size_t i = 2; i < requests.size(); ++i) {
    EXPECT_GE(requests[i].at - requests[i - 1].at, milliseconds(500));
    EXPECT_LE(requests[i].at - requests[i - 1].at, milliseconds(560));
  }
}

TEST(FetcherLimits, WholeConcurrencyIsNeverExceeded) {
  FetchRig rig;
  rig.settings.concurrency = 10;
  for (int i = 1; i <= 50; ++i) {
    rig.serve(host(i), "93.184.216." + std::to_string(i), working(milliseconds(50)));
    for (int k = 0; k < 4; ++k) rig.submit("http://" + host(i) + "/" + std::to_string(k));
  }
  std::size_t most = 0;
  while (rig.fetcher->load() > 0) {
    rig.turn();
    most = std::max(most, rig.fetcher->in_flight());
  }
  EXPECT_EQ(most, 10u);
  EXPECT_EQ(rig.count(ErrorCode::success), 200u);
}

TEST(FetcherLimits, SortedListIsSpreadOverItsHosts) {
  FetchRig rig;
  rig.settings.concurrency = 20;
  for (int i = 1; i <= 20; ++i) {
    rig.serve(host(i), "93.184.216." + std::to_string(i), working(milliseconds(50)));
    for (int k = 0; k < 10; ++k) rig.submit("http://" + host(i) + "/" + std::to_string(k));
  }
  rig.run();
  std::set<std::string> first;
  for (std::size_t i = 0; i < 20; ++i) first.insert(rig.network.requests().at(i).host());
  EXPECT_EQ(first.size(), 20u) << "every host had a turn before one had its second";
}

TEST(FetcherLimits, SortedListUsesItsConnectionsAgain) {
  FetchRig rig;
  for (int i = 1; i <= 5; ++i) {
    rig.serve(host(i), "93.184.216." + std::to_string(i), echo_target());
    for (int k = 0; k < 40; ++k) rig.submit("http://" + host(i) + "/" + std::to_string(k));
  }
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 200u);
  EXPECT_LE(rig.network.connects().size(), 30u);
}

TEST(FetcherLimits, LimitRateHoldsOverAllTransfers) {
  FetchRig rig;
  rig.settings.limit_rate = 100'000;
  for (int i = 1; i <= 4; ++i) {
    rig.serve(host(i), "93.184.216." + std::to_string(i),
              SimServer{.bytes_per_second = 1'000'000, .handler = [](const SimRequest&) {
                          return reply(200, std::string(100'000, 'x'));
                        }});
    for (int k = 0; k < 5; ++k) rig.submit("http://" + host(i) + "/" + std::to_string(k));
  }
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 20u);
  EXPECT_GT(rig.elapsed(), seconds(18));
  EXPECT_LT(rig.elapsed(), seconds(23));
}

TEST(FetcherLimits, BodiesOverTheLimitAreTooLarge) {
  const std::string body(3000, 'x');
  const std::string texts[] = {
      http_response(200, body),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n" + body + "\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n" + body,
  };
  for (const std::string& text : texts) {
    for (const std::uint64_t limit : {2999u, 3000u}) {
      FetchRig rig;
      rig.settings.rules.max_body_bytes = limit;
      rig.serve("img.test", "93.184.216.1", [&](const SimRequest&) -> std::vector<SimStep> {
        return {{.bytes = text, .end = SimStep::End::close}};
      });
      const Fetched& got = rig.fetch("http://img.test/");
      EXPECT_EQ(got.outcome.status, limit < 3000 ? ErrorCode::too_large : ErrorCode::success)
          << text.substr(0, 40) << got.outcome.detail;
      EXPECT_EQ(got.outcome.attempts, 1);
    }
  }
}

TEST(FetcherLimits, SinkGetsTheBodyPieceByPieceAndNothingIsHeld) {
  FetchRig rig;
  rig.parts.use_sinks = true;
  const std::string body(5'000'000, 'p');
  rig.serve("img.test", "93.184.216.1",
            SimServer{.bytes_per_second = 10'000'000,
                      .handler = [&](const SimRequest&) { return reply(200, body); }});
  const std::uint64_t id = rig.submit("http://img.test/");
  std::uint64_t most = 0;
  while (rig.fetcher->load() > 0) {
    rig.turn();
    most = std::max(most, rig.memory.used());
  }
  EXPECT_EQ(rig.status(id), ErrorCode::success);
  EXPECT_EQ(rig.at(id).body, body);
  EXPECT_LE(most, 256u * 1024);
  EXPECT_EQ(rig.memory.used(), 0u);
}

TEST(FetcherLimits, SinkStartsOverWhenTheAttemptDoes) {
  FetchRig rig;
  rig.parts.use_sinks = true;
  rig.serve("img.test", "93.184.216.1", [n = 0](const SimRequest&) mutable -> std::vector<SimStep> {
    if (++n > 1) return reply(200, "whole");
    return {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh", .end = SimStep::End::reset}};
  });
  EXPECT_EQ(rig.fetch("http://img.test/").body, "whole");
}

TEST(FetcherLimits, HeldBodiesStopNewStartsUntilTheyAreGivenBack) {
  FetchRig rig;
  rig.hold_results = seconds(10);
  rig.memory.charge((1u << 30) - 1'000'000);
  rig.serve("img.test", "93.184.216.1",
            [](const SimRequest&) { return reply(200, std::string(400'000, 'x')); });
  for (int i = 0; i < 30; ++i) rig.submit("http://img.test/" + std::to_string(i));
  std::uint64_t most = 0;
  while (rig.fetcher->load() > 0) {
    rig.turn();
    most = std::max(most, rig.memory.used());
  }
  EXPECT_EQ(rig.count(ErrorCode::success), 30u);
  EXPECT_LT(most, (1u << 30) + 4'000'000);
  EXPECT_GT(rig.elapsed(), seconds(20));
}

TEST(FetcherLimits, ResponsesThatBeginTogetherStayWithinTheMemory) {
  FetchRig rig;
  rig.settings.concurrency = 40;
  rig.hold_results = seconds(1);
  rig.memory.charge((1u << 30) - 4'000'000);
  for (int i = 0; i < 40; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    rig.serve(host, "93.184.216." + std::to_string(i + 1),
              [](const SimRequest&) { return reply(200, std::string(1'000'000, 'x')); });
    rig.submit("http://" + host + "/");
  }
  std::uint64_t most = 0;
  while (rig.fetcher->load() > 0) {
    rig.turn();
    most = std::max(most, rig.memory.used());
  }
  EXPECT_EQ(rig.count(ErrorCode::success), 40u);
  EXPECT_LT(most, (1u << 30) + 2'500'000);
}

}  // namespace
}  // namespace pixhaul::testing
