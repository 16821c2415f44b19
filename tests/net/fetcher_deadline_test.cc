#include <gmock/gmock.h>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kAddress = "93.184.216.34";
constexpr Duration kSlack = milliseconds(200);

std::vector<SimStep> trickle(std::string_view text, std::size_t piece, Duration every) {
  std::vector<SimStep> steps;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    steps.push_back({.wait = every, .bytes = std::string(text.substr(at, piece))});
  }
  return steps;
}

struct DeadlineCase {
  const char* what;
  SimServer server;
  ErrorCode status;
  Duration limit;
};

// Every limit, hit by 40 rows that begin at different times: none ends later than limit + 0.2 s.
TEST(FetcherDeadline, EveryLimitHoldsWithinAFifthOfASecond) {
  const std::string big = http_response(200, std::string(4'000'000, 'x'));
  const DeadlineCase cases[] = {
      {"no connect", {.accept = SimServer::Accept::never}, ErrorCode::connect_timeout, seconds(5)},
      {"no answer",
       {.handler = [](const SimRequest&) { return std::vector<SimStep>(); }},
       ErrorCode::too_slow,
       seconds(10)},
      {"trickled head",
       {.handler =
            [](const SimRequest&) {
              return trickle("HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x'), 1, seconds(1));
            }},
       ErrorCode::too_slow,
       seconds(10)},
      {"endless 1xx",
       {.handler =
            [](const SimRequest&) {
              return trickle("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n", 5,
                             seconds(2));
            }},
       ErrorCode::too_slow,
       seconds(10)},
      {"body at 512 bytes/s",
       {.handler = [=](const SimRequest&) { return trickle(big, 512, seconds(1)); }},
       ErrorCode::too_slow,
       seconds(11)},
      {"stalled body",
       {.handler = [=](const SimRequest&) -> std::vector<SimStep> {
         return {{.bytes = big.substr(0, 1000)}};
       }},
       ErrorCode::too_slow,
       seconds(11)},
      {"fast enough, never done",
       {.handler = [=](const SimRequest&) { return trickle(big, 2000, seconds(1)); }},
       ErrorCode::deadline,
       seconds(30)},
  };
  for (const DeadlineCase& c : cases) {
    FetchRig rig;
    rig.settings.retries = 0;
    rig.settings.host_concurrency = 40;
    rig.settings.adaptive = false;
    std::map<std::uint64_t, Instant> begun;
    rig.serve("img.test", kAddress, c.server);
    for (int i = 0; i < 40; ++i) {
      const Instant now = rig.clock.now();
      begun[rig.submit("http://img.test/" + std::to_string(i))] = now;
      rig.run_for(milliseconds(17));
    }
    rig.run();
    // What came after the breaker had parked the host says nothing about the limit.
    for (const auto& [id, got] : rig.results()) {
      EXPECT_EQ(got.outcome.status, c.status) << c.what << ": " << got.outcome.detail;
      const Duration took = got.at - begun[id];
      EXPECT_LE(took, c.limit + kSlack) << c.what << " of row " << id;
      EXPECT_GE(took, c.limit - seconds(1)) << c.what;
    }
    EXPECT_EQ(rig.network.open_sockets(), 0u) << c.what;
  }
}

TEST(FetcherDeadline, SilentResolverIsBoundedByTheWholeAttempt) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.resolver.answer("img.test", {.delay = seconds(100)});
  const Fetched& got = rig.fetch("http://img.test/");
  EXPECT_EQ(got.outcome.status, ErrorCode::dns_timeout) << "whose silence it was";
  EXPECT_EQ(got.outcome.detail, "no DNS answer within 30 s");
  EXPECT_LE(rig.elapsed(), seconds(30) + kSlack);
}

TEST(FetcherDeadline, RedirectsShareOneAttempt) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.serve("img.test", kAddress, [](const SimRequest& request) {
    return reply(302, "", "Location: " + request.target + "x\r\n", seconds(7));
  });
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::deadline);
  EXPECT_LE(rig.elapsed(), seconds(30) + kSlack);
}

TEST(FetcherDeadline, WaitingForOurOwnRateStopsTheClock) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.settings.limit_rate = 10'000;
  rig.settings.deadline = seconds(5);
  rig.serve("img.test", kAddress,
            SimServer{.bytes_per_second = 1'000'000, .handler = [](const SimRequest&) {
                        return reply(200, std::string(200'000, 'x'));
                      }});
  rig.submit("http://img.test/1");
  rig.submit("http://img.test/2");
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 2u);
  EXPECT_GT(rig.elapsed(), seconds(15)) << "400 kB at 10 kB/s, some of it at once";
  EXPECT_LT(rig.elapsed(), seconds(60));
}

// Memory is full from the first second on. The oldest may go on and ends after 4.5 s; the second
// is held from 2 s to then, so that its last bytes at 7 s are within its 5 s.
TEST(FetcherDeadline, WaitingForMemoryStopsTheClock) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.settings.deadline = seconds(5);
  rig.serve("img.test", kAddress, [](const SimRequest& request) -> std::vector<SimStep> {
    const std::string text = http_response(200, std::string(900, 'x'));
    if (request.target == "/1") return trickle(text, 100, milliseconds(450));
    return {{.bytes = text.substr(0, 300)},
            {.wait = seconds(2), .bytes = text.substr(300, 300)},
            {.wait = seconds(5), .bytes = text.substr(600)}};
  });
  rig.submit("http://img.test/1");
  rig.submit("http://img.test/2");
  rig.run_for(seconds(1));
  rig.memory.charge(1u << 30);
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 2u);
  EXPECT_LT(rig.at(1).at, Instant(seconds(1005)));
  EXPECT_GT(rig.at(2).at, Instant(seconds(1007)));
  rig.memory.release(1u << 30);
  EXPECT_EQ(rig.memory.used(), 0u);
}

TEST(FetcherDeadline, MinimumSpeedCanBeSwitchedOff) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.settings.min_speed = 0;
  rig.serve("img.test", kAddress, [](const SimRequest&) {
    return trickle(http_response(200, std::string(80, 'x')), 16, seconds(2));
  });
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::success);
  EXPECT_GT(rig.elapsed(), seconds(12));
}

}  // namespace
}  // namespace pixhaul::testing
