#include <gmock/gmock.h>

#include <cmath>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kAddress = "93.184.216.34";

SimHandler always(int status, std::string more = {}) {
  return [=](const SimRequest&) { return reply(status, "words", more); };
}

TEST(FetcherRetry, OnlyTransientFailuresAreTriedAgain) {
  struct Case {
    SimHandler handler;
    ErrorCode status;
    std::size_t requests;
  };
  const Case cases[] = {
      {always(404), ErrorCode::http_4xx, 1},
      {always(403), ErrorCode::http_4xx, 1},
      {always(408), ErrorCode::http_4xx, 3},
      {always(500), ErrorCode::http_5xx, 3},
      {always(501), ErrorCode::http_5xx, 1},
      {always(502), ErrorCode::http_5xx, 3},
      {always(503), ErrorCode::http_5xx, 3},
      {always(204), ErrorCode::protocol_error, 1},
      {[](const SimRequest&) -> std::vector<SimStep> { return {{.bytes = "SSH-2.0\r\n\r\n"}}; },
       ErrorCode::protocol_error, 1},
      {[](const SimRequest&) -> std::vector<SimStep> {
         return {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                  .end = SimStep::End::close}};
       },
       ErrorCode::truncated, 3},
      {[](const SimRequest&) -> std::vector<SimStep> { return {{.end = SimStep::End::reset}}; },
       ErrorCode::connection_reset, 3},
  };
  for (const Case& c : cases) {
    FetchRig rig;
    rig.serve("img.test", kAddress, c.handler);
    const Fetched& got = rig.fetch("http://img.test/1");
    EXPECT_EQ(got.outcome.status, c.status) << got.outcome.detail;
    EXPECT_EQ(rig.network.requests().size(), c.requests) << got.outcome.detail;
    EXPECT_EQ(got.outcome.attempts, c.requests);
    EXPECT_EQ(got.outcome.transient, c.requests > 1);
  }
}

TEST(FetcherRetry, SecondTryMaySucceed) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [n = 0](const SimRequest&) mutable {
    return ++n == 1 ? reply(500, "") : reply(200, "x");
  });
  const Fetched& got = rig.fetch("http://img.test/1");
  EXPECT_EQ(got.outcome.status, ErrorCode::success);
  EXPECT_EQ(got.outcome.attempts, 2);
}

// Full jitter: uniform in [0, 1 s) before the second try, in [0, 2 s) before the third.
TEST(FetcherRetry, PausesAreSpreadOverTheWholeRange) {
  FetchRig rig;
  rig.settings.host_concurrency = 100;
  rig.settings.adaptive = false;
  std::map<std::string, std::vector<Instant>> seen;
  rig.serve("img.test", kAddress, [&](const SimRequest& request) {
    seen[request.target].push_back(request.at);
    return reply(500, "");
  });
  for (int i = 0; i < 100; ++i) rig.submit("http://img.test/" + std::to_string(i));
  rig.run();
  double first = 0;
  double second = 0;
  for (const auto& [target, times] : seen) {
    ASSERT_EQ(times.size(), 3u);
    const double one = std::chrono::duration<double>(times[1] - times[0]).count();
    const double two = std::chrono::duration<double>(times[2] - times[1]).count();
    EXPECT_LT(one, 1.2);
    EXPECT_LT(two, 2.2);
    first += one / 100;
    second += two / 100;
  }
  EXPECT_NEAR(first, 0.55, 0.12);
  EXPECT_NEAR(second, 1.05, 0.22);
}

TEST(FetcherRetry, FailuresBeforeARequestAreBoundedToo) {
  struct Case {
    SimServer::Accept accept;
    ErrorCode status;
  };
  for (const Case& c : {Case{SimServer::Accept::refuse, ErrorCode::connect_refused},
                        Case{SimServer::Accept::unreachable, ErrorCode::unreachable},
                        Case{SimServer::Accept::never, ErrorCode::connect_timeout}}) {
    FetchRig rig;
    rig.serve("img.test", kAddress, SimServer{.accept = c.accept});
    const Fetched& got = rig.fetch("http://img.test/1");
    EXPECT_EQ(got.outcome.status, c.status);
    EXPECT_EQ(got.outcome.attempts, 3);
    EXPECT_EQ(rig.network.connects().size(), 3u);
  }
}

TEST(FetcherRetry, DnsFailuresEndInTheirStatus) {
  FetchRig rig;
  rig.resolver.answer("slow.test", {.failure = ErrorCode::dns_timeout});
  rig.resolver.answer("broken.test", {.failure = ErrorCode::dns_error});
  EXPECT_EQ(rig.fetch("http://slow.test/").outcome.status, ErrorCode::dns_timeout);
  EXPECT_EQ(rig.fetch("http://broken.test/").outcome.status, ErrorCode::dns_error);
  EXPECT_EQ(rig.at(2).outcome.attempts, 3);
  const Fetched& unknown = rig.fetch("http://unknown.test/");
  EXPECT_EQ(unknown.outcome.status, ErrorCode::dns_not_found);
  EXPECT_EQ(unknown.outcome.attempts, 1);
  EXPECT_FALSE(unknown.outcome.transient);
}

// Transfers are reused: what one left behind must not show in the next.
TEST(FetcherRetry, FactsOfAnEarlierTransferDoNotStick) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.serve("img.test", kAddress, [](const SimRequest&) {
    return reply(200, "picture", "ETag: \"a\"\r\nConnection: close\r\n");
  });
  rig.fetch("http://img.test/1");
  const Fetched& got = rig.fetch("http://unknown.test/");
  EXPECT_EQ(got.outcome.http_status, 0);
  EXPECT_EQ(got.outcome.bytes, 0u);
  EXPECT_EQ(got.outcome.etag, "");
  EXPECT_EQ(got.outcome.width, 0u);
}

TEST(FetcherRetry, RetryAfterBlocksTheHostAndBurnsNoTries) {
  for (const int status : {429, 503}) {
    FetchRig rig;
    rig.settings.retries = 0;
    rig.serve("busy.test", "93.184.216.1", [status, n = 0](const SimRequest&) mutable {
      return ++n <= 3 ? reply(status, "", "Retry-After: 20\r\n") : reply(200, "x");
    });
    rig.serve("calm.test", "93.184.216.2", echo_target());
    for (int i = 0; i < 6; ++i) {
      rig.submit("http://busy.test/" + std::to_string(i));
      rig.submit("http://calm.test/" + std::to_string(i));
    }
    rig.run();
    EXPECT_EQ(rig.count(ErrorCode::success), 12u);
    for (const auto& [id, got] : rig.results()) {
      EXPECT_EQ(got.outcome.attempts, 1);
      if (id % 2 == 0) {
        EXPECT_LT(got.at - Instant(seconds(1000)), seconds(1));
      }
    }
    Instant last{};
    for (const SimRequest& request : rig.network.requests()) {
      if (request.host() != "busy.test") continue;
      if (last != Instant{} && request.at - last > seconds(1)) {
        EXPECT_GE(request.at - last, seconds(20));
        EXPECT_LE(request.at - last, seconds(25)) << "20 % jitter at most";
      }
      last = request.at;
    }
    EXPECT_GT(rig.elapsed(), seconds(20));
  }
}

TEST(FetcherRetry, HostThatOnlyEverLimitsEndsAsRateLimited) {
  FetchRig rig;
  rig.serve("busy.test", kAddress, always(429, "Retry-After: 1\r\n"));
  EXPECT_EQ(rig.fetch("http://busy.test/").outcome.status, ErrorCode::rate_limited);
  EXPECT_LE(rig.network.requests().size(), 12u);
}

TEST(FetcherRetry, DeadHostIsGivenUpAndItsRestEndsWithoutARequest) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.serve("dead.test", "93.184.216.1", SimServer{.accept = SimServer::Accept::refuse});
  rig.serve("live.test", "93.184.216.2", echo_target());
  for (int i = 0; i < 300; ++i) rig.submit("http://dead.test/" + std::to_string(i));
  for (int i = 0; i < 50; ++i) rig.submit("http://live.test/" + std::to_string(i));
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 50u);
  EXPECT_GT(rig.count(ErrorCode::host_down), 260u);
  EXPECT_EQ(rig.count(ErrorCode::host_down) + rig.count(ErrorCode::connect_refused), 300u);
  EXPECT_LT(rig.network.connects().size(), 60u);
  EXPECT_LT(rig.elapsed(), seconds(10));  // nothing else is left to wait for
}

// 200 answers of four seconds, six at once: something to do for more than two minutes.
void keep_busy(FetchRig& rig) {
  rig.serve("slow.test", "93.184.216.9",
            SimServer{.one_way = seconds(2), .handler = echo_target()});
  for (int i = 0; i < 200; ++i) rig.submit("http://slow.test/" + std::to_string(i));
}

TEST(FetcherRetry, ParkedHostThatComesBackIsUsedAgain) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.serve("img.test", kAddress, SimServer{.accept = SimServer::Accept::refuse});
  for (int i = 0; i < 100; ++i) rig.submit("http://img.test/" + std::to_string(i));
  keep_busy(rig);
  rig.run_for(seconds(30));
  rig.serve("img.test", kAddress, echo_target());
  rig.run();
  EXPECT_GT(rig.count(ErrorCode::success), 270u);
  EXPECT_EQ(rig.count(ErrorCode::host_down), 0u);
}

TEST(FetcherRetry, OutOfDescriptorsIsBackPressureAndNoFailure) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.settings.reuse_connections = false;
  rig.network.limit_sockets(3);
  for (int i = 1; i <= 40; ++i) {
    const std::string number = std::to_string(i);
    rig.serve("h" + number + ".test", "93.184.216." + number, echo_target());
    rig.submit("http://h" + number + ".test/");
  }
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 40u);
  for (const auto& [id, got] : rig.results()) EXPECT_EQ(got.outcome.attempts, 1);
}

TEST(FetcherRetry, IdleConnectionsGiveWayWhenDescriptorsRunOut) {
  FetchRig rig;
  rig.network.limit_sockets(2);
  for (int i = 1; i <= 10; ++i) {
    const std::string number = std::to_string(i);
    rig.serve("h" + number + ".test", "93.184.216." + number, echo_target());
    rig.submit("http://h" + number + ".test/");
  }
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 10u);
}

// Without Retry-After a refusal is a failed try like any other: no storm of requests.
TEST(FetcherRetry, RefusalWithoutRetryAfterUsesATry) {
  for (const std::uint32_t retries : {0u, 2u}) {
    for (const char* field : {"", "Retry-After: soon\r\n"}) {
      FetchRig rig;
      rig.settings.retries = retries;
      rig.serve("busy.test", kAddress, always(429, field));
      const Fetched& got = rig.fetch("http://busy.test/");
      EXPECT_EQ(got.outcome.status, ErrorCode::rate_limited);
      EXPECT_EQ(rig.network.requests().size(), retries + 1);
      EXPECT_EQ(got.outcome.attempts, retries + 1);
    }
  }
}

}  // namespace
}  // namespace pixhaul::testing
