#include <gmock/gmock.h>
#include <zlib.h>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kAddress = "93.184.216.34";

TEST(FetcherPolicy, PrivateAddressesAreNeverContacted) {
  FetchRig rig;
  rig.resolver.answer("inside.test", {.addresses = {"10.1.2.3"}});
  rig.resolver.answer("meta.test", {.addresses = {"169.254.169.254"}});
  rig.resolver.answer("six.test", {.addresses = {"fd00::1"}});
  const char* urls[] = {"http://127.0.0.1/",        "http://2130706433/", "http://[::1]/",
                        "http://inside.test/",      "http://meta.test/",  "http://six.test/",
                        "http://192.168.0.1:8080/", "http://localhost/"};
  for (const char* url : urls) {
    EXPECT_EQ(rig.fetch(url).outcome.status, ErrorCode::address_denied) << url;
  }
  EXPECT_TRUE(rig.network.connects().empty());
  EXPECT_THAT(rig.at(4).outcome.detail, HasSubstr("--allow_net"));
}

TEST(FetcherPolicy, OfMixedAnswersOnlyThePublicOnesAreContacted) {
  FetchRig rig;
  rig.resolver.answer("mixed.test", {.addresses = {"fd00::1", "10.0.0.1", "93.184.216.34"}});
  rig.network.serve(socket_address("10.0.0.1"), {.handler = echo_target()});
  rig.network.serve(socket_address("93.184.216.34"), {.handler = echo_target()});
  EXPECT_EQ(rig.fetch("http://mixed.test/").outcome.address, "93.184.216.34:80");
  EXPECT_EQ(rig.network.connects().size(), 1u);
}

TEST(FetcherPolicy, AllowNetPermitsItsBlock) {
  FetchRig rig;
  rig.allow_net = {"10.0.0.0/8"};
  rig.serve("inside.test", "10.0.0.1", echo_target());
  EXPECT_EQ(rig.fetch("http://inside.test/").outcome.status, ErrorCode::success);
  EXPECT_EQ(rig.fetch("http://127.0.0.1/").outcome.status, ErrorCode::address_denied);
}

TEST(FetcherPolicy, SecondAnswerOfANameIsVettedToo) {  // DNS rebinding
  FetchRig rig;
  rig.settings.reuse_connections = false;
  rig.serve("img.test", kAddress, echo_target());
  rig.resolver.answer("img.test", {.addresses = {std::string(kAddress)}, .ttl = seconds(1)});
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::success);
  rig.resolver.answer("img.test", {.addresses = {"127.0.0.1"}});
  rig.run_for(seconds(30));
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::address_denied);
}

TEST(FetcherPolicy, OptOutIsDecidedOnTheHead) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest& request) {
    if (request.target == "/tdm") return reply(200, "x", "TDM-Reservation: 1\r\n");
    return reply(200, std::string(1000, 'x'), "X-Robots-Tag: noai\r\n");
  });
  EXPECT_EQ(rig.fetch("http://img.test/1").outcome.status, ErrorCode::opt_out);
  EXPECT_EQ(rig.at(1).outcome.bytes, 0u);
  EXPECT_EQ(rig.fetch("http://img.test/tdm").outcome.status, ErrorCode::opt_out);
}

TEST(FetcherPolicy, TwentyOptOutsInARowSpeakForTheHost) {
  FetchRig rig;
  rig.settings.host_concurrency = 1;
  rig.serve("img.test", kAddress,
            [](const SimRequest&) { return reply(200, "x", "X-Robots-Tag: noai\r\n"); });
  for (int i = 0; i < 100; ++i) rig.submit("http://img.test/" + std::to_string(i));
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::opt_out), 100u);
  EXPECT_EQ(rig.network.requests().size(), 20u);
}

TEST(FetcherPolicy, OneImageKeepsTheHostInBusiness) {
  FetchRig rig;
  rig.settings.host_concurrency = 1;
  rig.serve("img.test", kAddress, [](const SimRequest& request) {
    return request.target == "/0" ? reply(200, "x") : reply(200, "x", "X-Robots-Tag: noai\r\n");
  });
  for (int i = 0; i < 60; ++i) rig.submit("http://img.test/" + std::to_string(i));
  rig.run();
  EXPECT_EQ(rig.network.requests().size(), 60u);
}

// ---- robots.txt

SimHandler with_robots(std::vector<SimStep> robots) {
  return [robots](const SimRequest& request) {
    return request.target == "/robots.txt" ? robots : reply(200, request.target);
  };
}

TEST(FetcherPolicy, RobotsTxtIsNotAskedForUnlessObeyed) {
  FetchRig rig;
  rig.serve("img.test", kAddress, with_robots(reply(200, "User-agent: *\nDisallow: /\n")));
  EXPECT_EQ(rig.fetch("http://img.test/a").outcome.status, ErrorCode::success);
  EXPECT_THAT(rig.targets(), ElementsAre("/a"));
}

TEST(FetcherPolicy, RobotsTxtIsFetchedOnceAnOriginAndObeyed) {
  FetchRig rig;
  rig.settings.obey_robots_txt = true;
  rig.serve("img.test", kAddress,
            with_robots(reply(200, "User-agent: pixhaul\nDisallow: /private/\n", {}, seconds(1))));
  for (int i = 0; i < 10; ++i) {
    rig.submit("http://img.test/open/" + std::to_string(i));
    rig.submit("http://img.test/private/" + std::to_string(i));
  }
  rig.run();
  EXPECT_EQ(rig.count(ErrorCode::success), 10u);
  EXPECT_EQ(rig.count(ErrorCode::robots_txt), 10u);
  EXPECT_EQ(rig.targets().front(), "/robots.txt");
  EXPECT_EQ(rig.network.requests().size(), 11u);
  EXPECT_EQ(rig.memory.used(), 0u);
}

// RFC 9309 §2.3.1.
TEST(FetcherPolicy, RobotsTxtThatCannotBeHadDecidesByItsStatus) {
  struct Case {
    std::vector<SimStep> robots;
    ErrorCode row;
    std::size_t robots_requests;
  };
  const Case cases[] = {
      {reply(404, ""), ErrorCode::success, 1},
      {reply(403, ""), ErrorCode::success, 1},
      {reply(500, ""), ErrorCode::robots_txt, 3},
      {reply(503, ""), ErrorCode::robots_txt, 3},
      {reply(429, "", "Retry-After: 1\r\n"), ErrorCode::robots_txt, 11},
      {reply(302, "", "Location: /elsewhere.txt\r\n"), ErrorCode::success, 1},
      {reply(302, "", "Location: /robots.txt\r\n"), ErrorCode::success, 1},
      {{{.end = SimStep::End::reset}}, ErrorCode::success, 3},
      {reply(200, std::string(3000, '\xff')), ErrorCode::success, 1},
  };
  for (const Case& c : cases) {
    FetchRig rig;
    rig.settings.obey_robots_txt = true;
    rig.serve("img.test", kAddress, with_robots(c.robots));
    const std::uint64_t id = rig.submit("http://img.test/a");
    rig.run();
    ASSERT_TRUE(rig.results().contains(id)) << c.robots.front().bytes;
    EXPECT_EQ(rig.status(id), c.row) << c.robots.front().bytes;
    const auto targets = rig.targets();
    EXPECT_EQ(static_cast<std::size_t>(std::count(targets.begin(), targets.end(), "/robots.txt")),
              c.robots_requests)
        << c.robots.front().bytes;
    EXPECT_EQ(rig.results().size(), 1u) << "robots.txt is no row";
  }
}

TEST(FetcherPolicy, RobotsTxtBehindARedirectToAnotherHostIsObeyed) {
  FetchRig rig;
  rig.settings.obey_robots_txt = true;
  rig.serve("img.test", kAddress,
            with_robots(reply(301, "", "Location: http://www.test/robots.txt\r\n")));
  rig.serve("www.test", "93.184.216.35", with_robots(reply(200, "User-agent: *\nDisallow: /a\n")));
  rig.submit("http://img.test/a");
  rig.submit("http://img.test/b");
  rig.run();
  EXPECT_EQ(rig.status(1), ErrorCode::robots_txt);
  EXPECT_EQ(rig.status(2), ErrorCode::success);
}

TEST(FetcherPolicy, RobotsTxtOfADeadHostLeavesItsRowsToSayWhy) {
  FetchRig rig;
  rig.settings.obey_robots_txt = true;
  rig.serve("dead.test", kAddress, SimServer{.accept = SimServer::Accept::refuse});
  rig.submit("http://dead.test/a");
  rig.submit("http://unknown.test/a");
  rig.run();
  EXPECT_EQ(rig.status(1), ErrorCode::connect_refused);
  EXPECT_EQ(rig.status(2), ErrorCode::dns_not_found);
}

// ---- bodies

std::string gzip(std::string_view text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(FetcherPolicy, BodiesAreWholeInEveryFraming) {
  const std::string picture(70'000, 'p');
  const std::string zipped = gzip(picture);
  std::string chunked;
  for (std::size_t at = 0; at < picture.size(); at += 7000) {
    chunked += "1b58\r\n" + picture.substr(at, 7000) + "\r\n";
  }
  const std::string texts[] = {
      http_response(200, picture),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + "0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n" + picture,
      "HTTP/1.0 200 OK\r\n\r\n" + picture,
      http_response(200, zipped, "Content-Encoding: gzip\r\n"),
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
          http_response(200, picture),
  };
  for (const bool sinks : {false, true}) {
    for (const std::string& text : texts) {
      FetchRig rig;
      rig.parts.use_sinks = sinks;
      rig.serve("img.test", kAddress,
                SimServer{.bytes_per_second = 1'000'000,
                          .handler = [&](const SimRequest&) -> std::vector<SimStep> {
                            return {{.bytes = text, .end = SimStep::End::close}};
                          }});
      const Fetched& got = rig.fetch("http://img.test/");
      EXPECT_EQ(got.outcome.status, ErrorCode::success) << got.outcome.detail;
      EXPECT_TRUE(got.body == picture) << text.substr(0, 40) << got.body.size();
      EXPECT_EQ(got.outcome.bytes, picture.size());
      EXPECT_EQ(rig.memory.used(), 0u);
    }
  }
}

TEST(FetcherPolicy, CutBodiesAreTruncatedWhereverTheCutIs) {
  const std::string picture(3000, 'p');
  const std::string texts[] = {
      http_response(200, picture),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n" + picture + "\r\n0\r\n\r\n",
      http_response(200, gzip(picture), "Content-Encoding: gzip\r\n"),
  };
  for (const std::string& text : texts) {
    const std::size_t head = text.find("\r\n\r\n") + 4;
    for (const auto end : {SimStep::End::close, SimStep::End::reset}) {
      for (std::size_t cut = head; cut < text.size(); cut += cut + 40 < text.size() ? 37 : 1) {
        FetchRig rig;
        rig.settings.retries = 0;
        rig.serve("img.test", kAddress, [&](const SimRequest&) -> std::vector<SimStep> {
          return {{.bytes = text.substr(0, cut), .end = end}};
        });
        EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::truncated) << cut;
      }
    }
  }
}

TEST(FetcherPolicy, JudgeSeesDecodedBytesAndStopsTheRest) {
  FetchRig rig;
  rig.serve("img.test", kAddress, [](const SimRequest&) {
    return reply(200, gzip("<html>" + std::string(5000, '.')), "Content-Encoding: gzip\r\n");
  });
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::not_image);
}

// RFC 9309 §2.5: what is too long is read as far as the limit, in every framing.
TEST(FetcherPolicy, RobotsTxtOfAMegabyteIsObeyedByItsFirstPart) {
  std::string rules = "User-agent: *\nDisallow: /private/\n";
  while (rules.size() < (1u << 20))
    rules += "# words that fill the file to a megabyte and no more\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" +
                              rules.substr(0, 1u << 20) + "\r\n0\r\n\r\n";
  const std::string until_close = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + rules;
  const std::vector<std::vector<SimStep>> answers = {
      reply(200, rules),
      {{.bytes = chunked}},
      {{.bytes = until_close, .end = SimStep::End::close}},
  };
  for (const auto& robots : answers) {
    FetchRig rig;
    rig.settings.obey_robots_txt = true;
    rig.serve("img.test", kAddress, with_robots(robots));
    EXPECT_EQ(rig.fetch("http://img.test/private/1").outcome.status, ErrorCode::robots_txt);
    EXPECT_EQ(rig.fetch("http://img.test/2").outcome.status, ErrorCode::success);
  }
}

// An address that an interface got during the run is this machine's own too.
TEST(FetcherPolicy, OwnAddressesAreLookedUpAgain) {
  FetchRig rig;
  rig.settings.reuse_connections = false;
  rig.serve("img.test", kAddress, echo_target());
  EXPECT_EQ(rig.fetch("http://img.test/").outcome.status, ErrorCode::success);
  rig.network.own({*net::parse_ip_address(kAddress)});
  rig.run_for(seconds(61));
  const Fetched& got = rig.fetch("http://img.test/");
  EXPECT_EQ(got.outcome.status, ErrorCode::address_denied);
  EXPECT_THAT(got.outcome.detail, HasSubstr("this machine's own"));
}

}  // namespace
}  // namespace pixhaul::testing
