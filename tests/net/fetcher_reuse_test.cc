#include <gmock/gmock.h>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kAddress = "93.184.216.34";

TEST(FetcherReuse, OneImageIsFetchedWithItsFacts) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest&) {
    return reply(200, "picture", "ETag: \"a\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
                 milliseconds(30));
  });
  const Fetched& got = rig.fetch("http://img.test/a.jpg?w=1");
  EXPECT_EQ(got.outcome.status, ErrorCode::success) << got.outcome.detail;
  EXPECT_EQ(got.body, "picture");
  EXPECT_EQ(got.outcome.http_status, 200);
  EXPECT_EQ(got.outcome.bytes, 7u);
  EXPECT_EQ(got.outcome.etag, "\"a\"");
  EXPECT_EQ(got.outcome.last_modified, "Thu, 01 Jan 2026 00:00:00 GMT");
  EXPECT_EQ(got.outcome.address, "93.184.216.34:80");
  EXPECT_EQ(got.outcome.http_version, "1.1");
  EXPECT_EQ(got.outcome.attempts, 1);
  EXPECT_EQ(got.outcome.redirects, 0);
  EXPECT_EQ(got.outcome.final_url, "");
  EXPECT_EQ(got.outcome.width, 1u);
  EXPECT_FLOAT_EQ(got.outcome.times.dns_ms, 5);
  EXPECT_FLOAT_EQ(got.outcome.times.connect_ms, 20);
  EXPECT_FLOAT_EQ(got.outcome.times.tls_ms, -1);
  EXPECT_FLOAT_EQ(got.outcome.times.first_byte_ms, 50);
  EXPECT_FLOAT_EQ(got.outcome.times.total_ms, 75);
  const SimRequest& request = rig.network.requests().at(0);
  EXPECT_EQ(request.head,
            "GET /a.jpg?w=1 HTTP/1.1\r\nHost: img.test\r\nUser-Agent: pixhaul/test\r\n"
            "Accept-Encoding: identity\r\n\r\n");
  EXPECT_EQ(rig.memory.used(), 0u);
}

TEST(FetcherReuse, KeptConnectionCarriesTheNextRequest) {
  FetchRig rig;
  rig.serve("img.test", kAddress, echo_target());
  EXPECT_FALSE(rig.fetch("http://img.test/1").outcome.reused);
  EXPECT_TRUE(rig.fetch("http://img.test/2").outcome.reused);
  EXPECT_TRUE(rig.fetch("http://img.test/3").outcome.reused);
  EXPECT_EQ(rig.at(3).body, "/3");
  EXPECT_EQ(rig.network.connects().size(), 1u);
  EXPECT_FLOAT_EQ(rig.at(3).outcome.times.total_ms, 20);
}

TEST(FetcherReuse, ResponsesWithoutABodyKeepTheConnectionToo) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest& request) {
    return request.number == 1 ? reply(404, "nothing here") : reply(200, "x");
  });
  EXPECT_EQ(rig.fetch("http://img.test/1").outcome.status, ErrorCode::http_4xx);
  EXPECT_EQ(rig.fetch("http://img.test/2").outcome.status, ErrorCode::success);
  EXPECT_EQ(rig.network.connects().size(), 1u);
}

TEST(FetcherReuse, FreshModeOpensAConnectionForEveryImageAndSaysSo) {
  FetchRig rig;
  rig.settings.reuse_connections = false;
  rig.serve("img.test", kAddress, echo_target());
  rig.fetch("http://img.test/1");
  EXPECT_FALSE(rig.fetch("http://img.test/2").outcome.reused);
  EXPECT_EQ(rig.network.connects().size(), 2u);
  EXPECT_EQ(rig.network.open_sockets(), 0u);
  EXPECT_EQ(rig.network.requests().at(0).field("Connection"), "close");
}

TEST(FetcherReuse, ConnectionCloseIsObeyed) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest& request) {
    return reply(200, request.target, "Connection: close\r\n");  // and yet it does not close
  });
  rig.fetch("http://img.test/1");
  EXPECT_EQ(rig.fetch("http://img.test/2").outcome.status, ErrorCode::success);
  EXPECT_EQ(rig.network.connects().size(), 2u);
}

TEST(FetcherReuse, ServerMayCloseAfterAnyResponse) {
  for (const auto end : {SimStep::End::close, SimStep::End::reset}) {
    for (const Duration when : {Duration(0), Duration(milliseconds(1)), Duration(seconds(2))}) {
      FetchRig rig;
      rig.serve("img.test", kAddress, [&](const SimRequest& request) {
        auto steps = reply(200, request.target);
        steps.push_back({.wait = when, .bytes = "", .end = end});
        return steps;
      });
      for (int i = 0; i < 5; ++i) rig.submit("http://img.test/" + std::to_string(i));
      rig.run();
      EXPECT_EQ(rig.count(ErrorCode::success), 5u);
      for (const auto& [id, got] : rig.results()) EXPECT_EQ(got.outcome.attempts, 1);
    }
  }
}

// The second request of every connection is answered by its end: RFC 9112 §9.3.1.
TEST(FetcherReuse, RequestThatDiesOnAKeptConnectionGoesAgainAtOnceAndCostsNoTry) {
  for (const auto end : {SimStep::End::close, SimStep::End::reset}) {
    FetchRig rig;
    rig.settings.retries = 0;
    rig.serve("img.test", kAddress, [&](const SimRequest& request) -> std::vector<SimStep> {
      if (request.number == 1) return reply(200, request.target);
      return {{.bytes = "", .end = end}};
    });
    rig.fetch("http://img.test/1");
    const Duration before = rig.elapsed();
    const Fetched& got = rig.fetch("http://img.test/2");
    EXPECT_EQ(got.outcome.status, ErrorCode::success) << got.outcome.detail;
    EXPECT_EQ(got.body, "/2");
    EXPECT_EQ(got.outcome.attempts, 1);
    EXPECT_FALSE(got.outcome.reused);
    EXPECT_LT(rig.elapsed() - before, milliseconds(100)) << "no back-off";
    EXPECT_EQ(rig.network.requests().size(), 3u);
  }
}

TEST(FetcherReuse, FirstByteSeenMakesADeadKeptConnectionAFailure) {
  FetchRig rig;
  rig.settings.retries = 0;
  rig.serve("img.test", kAddress, [&](const SimRequest& request) -> std::vector<SimStep> {
    if (request.number == 1) return reply(200, request.target);
    return {{.bytes = "HTTP/1.1 2", .end = SimStep::End::reset}};
  });
  rig.fetch("http://img.test/1");
  EXPECT_EQ(rig.fetch("http://img.test/2").outcome.status, ErrorCode::connection_reset);
}

TEST(FetcherReuse, NewConnectionThatDiesBeforeTheFirstByteIsAFailure) {
  FetchRig rig;
  rig.settings.retries = 1;
  rig.serve("img.test", kAddress, [](const SimRequest&) -> std::vector<SimStep> {
    return {{.bytes = "", .end = SimStep::End::close}};
  });
  const Fetched& got = rig.fetch("http://img.test/1");
  EXPECT_EQ(got.outcome.status, ErrorCode::connection_reset);
  EXPECT_TRUE(got.outcome.transient);
  EXPECT_EQ(got.outcome.attempts, 2);
}

// A server that says a length too short must not choose what the next URL gets (response splitting,
// reliability N10).
TEST(FetcherReuse, SurplusBytesThatComeWithABodyFailIt) {
  const std::string texts[] = {
      http_response(200, "good") + "x",
      http_response(200, std::string(100'000, 'g')) + "x",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n\r\n",
  };
  for (const std::string& text : texts) {
    FetchRig rig;
    rig.serve("img.test", kAddress,
              [&](const SimRequest&) -> std::vector<SimStep> { return {{.bytes = text}}; });
    rig.submit("http://img.test/bad");
    rig.run();
    EXPECT_EQ(rig.status(1), ErrorCode::protocol_error) << text.substr(0, 60);
  }
}

TEST(FetcherReuse, SurplusBytesAreNeverTheNextAnswer) {
  const std::string bleed = http_response(200, "EVIL");
  const std::string texts[] = {
      http_response(200, "good") + bleed,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n" + bleed,
      "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngood" + bleed,
      "HTTP/1.1 204 No Content\r\n\r\n" + bleed,
      http_response(200, std::string(100'000, 'g')) + bleed,
      http_response(200, std::string(16'384, 'g')) + bleed,
      http_response(404, std::string(30'000, 'g')) + bleed,
  };
  for (const std::string& text : texts) {
    for (const std::size_t cut : {text.size(), text.size() - bleed.size(), std::size_t{20}}) {
      FetchRig rig;
      rig.settings.host_concurrency = 1;
      rig.serve("img.test", kAddress, [&](const SimRequest& request) -> std::vector<SimStep> {
        if (request.target != "/bad") return reply(200, "good");
        return {{.bytes = text.substr(0, cut)}, {.bytes = text.substr(cut)}};
      });
      rig.submit("http://img.test/bad");
      for (int i = 0; i < 3; ++i) rig.submit("http://img.test/" + std::to_string(i));
      rig.run();
      for (std::uint64_t id = 2; id <= 4; ++id) {
        EXPECT_EQ(rig.status(id), ErrorCode::success);
        EXPECT_EQ(rig.at(id).body, "good") << text.substr(0, 60) << " cut at " << cut;
      }
    }
  }
}

TEST(FetcherReuse, IdleConnectionsAreClosedByAgeAndOverCapacity) {
  FetchRig rig;
  rig.settings.idle_connections = 2;
  for (int i = 1; i <= 4; ++i) {
    const std::string number = std::to_string(i);
    rig.serve("h" + number + ".test", "93.184.216." + number, echo_target());
    rig.submit("http://h" + number + ".test/");
  }
  rig.run();
  rig.run_for(seconds(1));
  EXPECT_EQ(rig.network.open_sockets(), 2u);
  rig.run_for(seconds(56));
  EXPECT_EQ(rig.network.open_sockets(), 0u);
}

TEST(FetcherReuse, RefusedBodyIsReadAwayWhenLittleIsLeft) {
  FetchRig rig;
  rig.serve("img.test", kAddress,
            [](const SimRequest&) { return reply(200, "<html>" + std::string(20'000, '.')); });
  EXPECT_EQ(rig.fetch("http://img.test/1").outcome.status, ErrorCode::not_image);
  rig.run_for(seconds(1));
  EXPECT_EQ(rig.fetch("http://img.test/2").outcome.status, ErrorCode::not_image);
  EXPECT_EQ(rig.network.connects().size(), 1u);
}

TEST(FetcherReuse, RefusedBodyIsCutWhenMuchIsLeft) {
  FetchRig rig;
  rig.serve("img.test", kAddress,
            SimServer{.bytes_per_second = 1'000'000, .handler = [](const SimRequest&) {
                        return reply(200, "<html>" + std::string(5'000'000, '.'));
                      }});
  const Fetched& got = rig.fetch("http://img.test/1");
  EXPECT_EQ(got.outcome.status, ErrorCode::not_image);
  EXPECT_LT(rig.elapsed(), milliseconds(100));
  EXPECT_EQ(rig.network.open_sockets(), 0u);
  EXPECT_GT(rig.fetcher->counters().bytes_saved, 4'900'000u);
}

// A server that stops in the middle of a body nobody wants must not keep the socket for ever.
TEST(FetcherReuse, DrainingEndsWhenTheServerStalls) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest&) -> std::vector<SimStep> {
    return {{.bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 5000\r\n\r\nabc"}};
  });
  EXPECT_EQ(rig.fetch("http://img.test/1").outcome.status, ErrorCode::http_4xx);
  rig.run_for(seconds(15));
  EXPECT_EQ(rig.network.open_sockets(), 0u);
}

}  // namespace
}  // namespace pixhaul::testing
