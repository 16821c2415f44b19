#include "dashboard/gate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pixhaul::dashboard {
namespace {

constexpr std::uint16_t kPort = 8765;
constexpr std::string_view kOwnHost = "127.0.0.1:8765";

Gate make_gate() { return std::move(Gate::create(kPort).value()); }

std::string cookie_of(const Gate& gate) {
  const std::string header = gate.set_cookie();
  return header.substr(0, header.find(';'));
}

TEST(DashboardGate, TheTokenIsExchangedOnceForACookie) {
  Gate gate = make_gate();
  const RequestFacts first{.method = "GET", .path = "/", .host = kOwnHost, .token = gate.token()};
  const Verdict opened = gate.judge(first);
  EXPECT_EQ(opened.status, 200);
  EXPECT_TRUE(opened.sets_cookie);
  EXPECT_EQ(gate.judge(first).status, 403);
  const std::string cookie = "other=1; " + cookie_of(gate);
  EXPECT_EQ(
      gate.judge(
              {.method = "HEAD", .path = "/api/rows", .host = "localhost:8765", .cookie = cookie})
          .status,
      200);
}

TEST(DashboardGate, TokenHas128BitsAndCookieStaysAway) {
  const Gate gate = make_gate();
  EXPECT_EQ(gate.token().size(), 32u);
  EXPECT_NE(gate.token(), make_gate().token());
  EXPECT_NE(gate.set_cookie().find("; HttpOnly; SameSite=Strict"), std::string::npos);
  EXPECT_EQ(gate.set_cookie().find(gate.token()), std::string::npos);
}

// Hosts × origins × methods × bodies, each with the cookie and the token: what they would be able
// to do if the gate looked at secrets alone.
TEST(DashboardGate, AttacksAreRefusedEvenWithTheSecretAndSpendNothing) {
  const std::vector<std::string> hosts = {"evil.example",
                                          "evil.example:8765",
                                          "127.0.0.1",
                                          "127.0.0.1:80",
                                          "localhost.evil.example:8765",
                                          "127.0.0.1:8765.evil.example",
                                          "[::1]:8765",
                                          "0.0.0.0:8765",
                                          "2130706433:8765",
                                          ""};
  const std::vector<std::string> origins = {"http://evil.example",        "null",
                                            "https://127.0.0.1:8765",     "http://127.0.0.1:9999",
                                            "http://127.0.0.1:8765.evil", "file://"};
  const std::vector<std::string> sites = {"cross-site", "same-site", "anything"};
  const std::vector<std::string> methods = {"POST",    "PUT",   "DELETE",   "PATCH", "OPTIONS",
                                            "CONNECT", "TRACE", "PROPFIND", "get",   ""};
  const std::vector<std::string> paths = {"/", "/api/rows"};
  Gate gate = make_gate();
  const std::string cookie = cookie_of(gate);
  int attacks = 0;
  const auto attack = [&](RequestFacts facts) {
    facts.token = gate.token();
    facts.cookie = cookie;
    const Verdict verdict = gate.judge(facts);
    EXPECT_NE(verdict.status, 200) << facts.method << ' ' << facts.host << ' ' << facts.origin;
    EXPECT_FALSE(verdict.sets_cookie);
    ++attacks;
  };
  for (const std::string& path : paths) {
    for (const auto& host : hosts) attack({.method = "GET", .path = path, .host = host});
    for (const auto& origin : origins)
      attack({.method = "GET", .path = path, .host = kOwnHost, .origin = origin});
    for (const auto& site : sites)
      attack({.method = "GET", .path = path, .host = kOwnHost, .fetch_site = site});
    for (const auto& method : methods)
      attack({.method = method, .path = path, .host = kOwnHost, .origin = "http://127.0.0.1:8765"});
    attack({.method = "GET", .path = path, .host = kOwnHost, .has_body = true});
  }
  EXPECT_GE(attacks, 60);
  EXPECT_TRUE(gate.judge({.method = "GET", .path = "/", .host = kOwnHost, .token = gate.token()})
                  .sets_cookie);
}

TEST(DashboardGate, ABearerTokenReadsMetricsAndNothingElse) {
  Gate gate = make_gate();
  const std::string bearer = "Bearer " + gate.token();
  const RequestFacts scrape{
      .method = "GET", .path = "/metrics", .host = kOwnHost, .authorization = bearer};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gate.judge(scrape).status, 200);
    EXPECT_FALSE(gate.judge(scrape).sets_cookie);
  }
  const auto refused = [&](RequestFacts facts) {
    EXPECT_EQ(gate.judge(facts).status, 403) << facts.path << ' ' << facts.authorization;
  };
  for (const std::string_view path : {"/", "/api/rows", "/metrics/", "/Metrics", ""}) {
    RequestFacts facts = scrape;
    facts.path = path;
    refused(facts);
  }
  for (const std::string& value :
       {std::string(), gate.token(), "Basic " + gate.token(), bearer + "0", std::string("Bearer "),
        "Bearer  " + gate.token()}) {
    RequestFacts facts = scrape;
    facts.authorization = value;
    refused(facts);
  }
  RequestFacts foreign = scrape;
  foreign.host = "evil.example:8765";
  refused(foreign);
  foreign = scrape;
  foreign.origin = "http://evil.example";
  refused(foreign);
  refused({.method = "GET", .path = "/metrics", .host = kOwnHost, .token = gate.token()});
  EXPECT_TRUE(gate.judge({.method = "GET", .path = "/", .host = kOwnHost, .token = gate.token()})
                  .sets_cookie)
      << "scraping spends nothing";
}

TEST(DashboardGate, WrongSecretsAreRefused) {
  Gate gate = make_gate();
  std::string wrong = gate.token();
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const std::string& token :
       {wrong, std::string(), gate.token() + "0", std::string(32, '\0')}) {
    EXPECT_EQ(gate.judge({.method = "GET", .path = "/", .host = kOwnHost, .token = token}).status,
              403);
  }
  std::string cookie = cookie_of(gate);
  cookie.back() = cookie.back() == '0' ? '1' : '0';
  EXPECT_EQ(gate.judge({.method = "GET", .path = "/", .host = kOwnHost, .cookie = cookie}).status,
            403);
  EXPECT_EQ(
      gate.judge({.method = "GET", .path = "/api/rows", .host = kOwnHost, .token = gate.token()})
          .status,
      403);
}

}  // namespace
}  // namespace pixhaul::dashboard
