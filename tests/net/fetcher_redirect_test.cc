#include <gmock/gmock.h>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

constexpr std::string_view kAddress = "93.184.216.34";

// "/to?LOCATION" redirects there; everything else is a picture.
SimHandler redirecting(int status = 302) {
  return [status](const SimRequest& request) {
    const std::size_t query = request.target.find('?');
    if (query == std::string::npos) return reply(200, request.target);
    return reply(status, "moved", "Location: " + request.target.substr(query + 1) + "\r\n");
  };
}

TEST(FetcherRedirect, AllFiveStatusesAreFollowed) {
  for (const int status : {301, 302, 303, 307, 308}) {
    FetchRig rig;
    rig.serve("img.test", kAddress, redirecting(status));
    const Fetched& got = rig.fetch("http://img.test/a/to?../b.jpg");
    EXPECT_EQ(got.outcome.status, ErrorCode::success);
    EXPECT_EQ(got.body, "/b.jpg");
    EXPECT_EQ(got.outcome.redirects, 1);
    EXPECT_EQ(got.outcome.attempts, 1);
    EXPECT_EQ(got.outcome.final_url, "http://img.test/b.jpg");
    EXPECT_EQ(rig.network.connects().size(), 1u);
    EXPECT_FLOAT_EQ(got.outcome.times.total_ms, 65);
  }
}

TEST(FetcherRedirect, OtherThreeHundredsAreNot) {
  for (const int status : {300, 304, 305, 306, 399}) {
    FetchRig rig;
    rig.serve("img.test", kAddress, redirecting(status));
    EXPECT_EQ(rig.fetch("http://img.test/to?/b.jpg").outcome.status, ErrorCode::protocol_error);
  }
}

TEST(FetcherRedirect, BadTargetsEndInTheirStatus) {
  struct Case {
    const char* location;
    ErrorCode status;
  };
  const Case cases[] = {
      {"http://[::1", ErrorCode::redirect_bad},
      {"http://", ErrorCode::redirect_bad},
      {"ftp://img.test/x", ErrorCode::scheme_denied},
      {"file:///etc/passwd", ErrorCode::scheme_denied},
      {"data:image/png;base64,AAAA", ErrorCode::scheme_denied},
      {"javascript:alert(1)", ErrorCode::scheme_denied},
      {"http://img.test:22/", ErrorCode::port_denied},
      {"http://127.0.0.1/", ErrorCode::address_denied},
      {"http://0x7f.1/", ErrorCode::address_denied},
      {"http://169.254.169.254/latest/meta-data/", ErrorCode::address_denied},
      {"http://[::ffff:10.0.0.1]/", ErrorCode::address_denied},
      {"http://inside.test/", ErrorCode::address_denied},
      {"http://localhost/", ErrorCode::address_denied},
  };
  for (const Case& c : cases) {
    FetchRig rig;
    rig.serve("img.test", kAddress, [&](const SimRequest&) {
      return reply(302, "", std::string("Location: ") + c.location + "\r\n");
    });
    rig.resolver.answer("inside.test", {.addresses = {"192.168.1.1"}});
    const Fetched& got = rig.fetch("http://img.test/");
    EXPECT_EQ(got.outcome.status, c.status) << c.location << ": " << got.outcome.detail;
    EXPECT_EQ(got.outcome.attempts, 1);
    EXPECT_EQ(rig.network.connects().size(), 1u) << c.location;
  }
}

TEST(FetcherRedirect, MissingLocationIsBad) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest&) { return reply(302, ""); });
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::redirect_bad);
}

TEST(FetcherRedirect, LoopsOfAnyLengthEndAtOnce) {
  for (const int length : {1, 2, 5}) {
    FetchRig rig;
    rig.serve("img.test", kAddress, [length](const SimRequest& request) {
      const int hop = std::stoi(request.target.substr(1));
      return reply(301, "", "Location: /" + std::to_string((hop + 1) % length) + "\r\n");
    });
    EXPECT_EQ(rig.fetch("http://img.test/0").outcome.status, ErrorCode::redirect_loop);
    EXPECT_EQ(rig.network.requests().size(), static_cast<std::size_t>(length));
  }
}

TEST(FetcherRedirect, LimitIsExact) {
  for (const std::uint32_t limit : {0u, 3u, 10u}) {
    for (const std::uint32_t hops : {limit, limit + 1}) {
      FetchRig rig;
      rig.settings.max_redirects = limit;
      rig.serve("img.test", kAddress, [hops](const SimRequest& request) {
        const auto hop = static_cast<std::uint32_t>(std::stoul(request.target.substr(1)));
        if (hop == hops) return reply(200, "x");
        return reply(301, "", "Location: /" + std::to_string(hop + 1) + "\r\n");
      });
      EXPECT_EQ(rig.fetch("http://img.test/0").outcome.status,
                hops <= limit ? ErrorCode::success : ErrorCode::redirect_limit);
    }
  }
}

TEST(FetcherRedirect, ExtraHeadersStayWithTheFirstOrigin) {
  FetchRig rig;
  rig.settings.headers = {{"Cookie", "secret=1"}, {"Authorization", "Bearer x"}};
  rig.settings.referer = "http://ref.test/";
  rig.serve("img.test", kAddress, redirecting());
  rig.serve("cdn.test", "93.184.216.35", redirecting());
  rig.fetch("http://img.test/1?/2?http://cdn.test/3?http://img.test/4");
  const auto& requests = rig.network.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[0].field("Cookie"), "secret=1");
  EXPECT_EQ(requests[1].field("Authorization"), "Bearer x") << "the same origin";
  EXPECT_EQ(requests[2].field("Cookie"), "");
  EXPECT_EQ(requests[2].field("Authorization"), "");
  EXPECT_EQ(requests[2].field("Referer"), "http://ref.test/");
  EXPECT_EQ(requests[3].field("Cookie"), "") << "back again, but by a stranger's word";
}

TEST(FetcherRedirect, HopToAHostOfAnotherLoopIsAStray) {
  FetchRig rig;
  rig.settings.loop_count = 2;
  rig.settings.loop_index = net::loop_of(*net::parse_url("http://img.test/"), 2);
  int number = 0;
  std::string other;
  while (other.empty() ||
         net::loop_of(*net::parse_url("http://" + other + "/"), 2) == rig.settings.loop_index) {
    other = "h" + std::to_string(number++) + ".test";
  }
  rig.serve("img.test", kAddress, redirecting());
  const std::uint64_t id = rig.submit("http://img.test/1?/2?http://" + other + "/3");
  rig.run();
  EXPECT_TRUE(rig.results().empty());
  ASSERT_EQ(rig.strays.size(), 1u);
  const net::Job& stray = rig.strays.front();
  EXPECT_EQ(stray.id, id);
  EXPECT_EQ(stray.url.href(), "http://" + other + "/3");
  EXPECT_EQ(stray.redirects, 2);
  EXPECT_EQ(stray.attempts, 0);
  EXPECT_FALSE(stray.same_origin);
  EXPECT_EQ(stray.visited.size(), 3u);
  EXPECT_EQ(stray.spent, milliseconds(65));
}

TEST(FetcherRedirect, FailureBehindARedirectIsTriedAgainFromThere) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [n = 0](const SimRequest& request) mutable {
    if (request.target == "/1") return reply(302, "", "Location: /2\r\n");
    return ++n == 1 ? reply(500, "") : reply(200, "x");
  });
  const Fetched& got = rig.fetch("http://img.test/1");
  EXPECT_EQ(got.outcome.status, ErrorCode::success);
  EXPECT_EQ(got.outcome.attempts, 2);
  EXPECT_THAT(rig.targets(), ElementsAre("/1", "/2", "/2"));
}

}  // namespace
}  // namespace pixhaul::testing
