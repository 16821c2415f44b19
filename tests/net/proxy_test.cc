#include "net/proxy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "net/proxy_handshake.h"

namespace pixhaul::net {
namespace {

using namespace std::string_literals;

constexpr std::size_t kWhole = 1 << 20;
constexpr std::size_t kCuts[] = {1, 2, 3, 7, 16, kWhole};

struct ProxyCase {
  const char* text;
  ProxyKind kind;
  const char* host;
  int port;
  const char* user = "";
  const char* password = "";
};

TEST(Proxy, TextsNameAProxy) {
  const ProxyCase kCases[] = {
      {"proxy", ProxyKind::http, "proxy", 1080},
      {"Proxy.Example:3128", ProxyKind::http, "proxy.example", 3128},
      {"http://proxy:80/", ProxyKind::http, "proxy", 80},
      {"HTTP://proxy", ProxyKind::http, "proxy", 1080},
      {"socks5://127.0.0.1:9050", ProxyKind::socks5, "127.0.0.1", 9050},
      {"socks5h://tor", ProxyKind::socks5h, "tor", 1080},
      {"http://u:p@h:1", ProxyKind::http, "h", 1, "u", "p"},
      {"u@h:1", ProxyKind::http, "h", 1, "u", ""},
      {"u:p%40%3a@h:1", ProxyKind::http, "h", 1, "u", "p@:"},
      {"u:a@b@h:1", ProxyKind::http, "h", 1, "u", "a@b"},
      {"u:100%@h:1", ProxyKind::http, "h", 1, "u", "100%"},
      {"[::1]:8080", ProxyKind::http, "::1", 8080},
      {"socks5://[2001:db8::1]", ProxyKind::socks5, "2001:db8::1", 1080},
  };
  for (const ProxyCase& row : kCases) {
    Result<Proxy> proxy = parse_proxy(row.text);
    ASSERT_TRUE(proxy) << row.text;
    EXPECT_EQ(proxy->kind, row.kind) << row.text;
    EXPECT_EQ(proxy->host, row.host) << row.text;
    EXPECT_EQ(proxy->port, row.port) << row.text;
    EXPECT_EQ(proxy->user, row.user) << row.text;
    EXPECT_EQ(proxy->password, row.password) << row.text;
  }
}

TEST(Proxy, TextsThatNameNoneAreRefusedWithoutShowingThePassword) {
  for (const char* text :
       {"", "http://", "http://:80", "ftp://x:1", "https://x:1", "socks4://x", "h:0", "h:65536",
        "h:x", "h:-1", "[::1", "[::1]x", "h ost:1", "h\r\nx:1", "u:secret@h:x", "@"}) {
    Result<Proxy> proxy = parse_proxy(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().code, ErrorCode::bad_option);
    EXPECT_EQ(proxy.error().detail.find("secret"), std::string::npos);
  }
}

std::string chosen(const ProxySettings& settings, std::string_view scheme,
                   std::string_view host = "x.test", std::uint16_t port = 80) {
  const Proxy* proxy = settings.choose(scheme, host, port);
  return proxy == nullptr ? "direct" : proxy->host;
}

TEST(ProxySettings, TheSchemeChoosesTheVariable) {
  ProxyEnvironment both{.http_proxy = "a:1", .https_proxy = "b:1", .all_proxy = "c:1"};
  auto settings = ProxySettings::create("", both);
  ASSERT_TRUE(settings);
  EXPECT_EQ(chosen(*settings, "http"), "a");
  EXPECT_EQ(chosen(*settings, "https"), "b");
  auto fallback = ProxySettings::create("", {.http_proxy = "a:1", .all_proxy = "c:1"});
  EXPECT_EQ(chosen(*fallback, "https"), "c");
  auto only_http = ProxySettings::create("", {.http_proxy = "a:1"});
  EXPECT_EQ(chosen(*only_http, "https"), "direct");
  auto nothing = ProxySettings::create("", {});
  EXPECT_EQ(chosen(*nothing, "http"), "direct");
}

TEST(ProxySettings, TheOptionStandsAboveTheEnvironment) {
  ProxyEnvironment both{.http_proxy = "a:1", .https_proxy = "b:1", .no_proxy = "x.test"};
  auto settings = ProxySettings::create("socks5://o:9", both);
  ASSERT_TRUE(settings);
  EXPECT_EQ(chosen(*settings, "http", "y.test"), "o");
  EXPECT_EQ(chosen(*settings, "https", "y.test"), "o");
  EXPECT_EQ(chosen(*settings, "http", "x.test"), "direct");
  EXPECT_EQ(chosen(*ProxySettings::create("none", both), "http", "y.test"), "direct");
  EXPECT_FALSE(ProxySettings::create("ftp://o", both));
  EXPECT_FALSE(ProxySettings::create("", {.https_proxy = "bad:port"}));
}

TEST(ProxySettings, ExceptionsGoDirect) {
  struct Row {
    const char* no_proxy;
    const char* host;
    std::uint16_t port;
    bool is_direct;
  };
  const Row kRows[] = {
      {"*", "any.test", 80, true},
      {"x.test", "x.test", 80, true},
      {"x.test", "X.TEST.", 80, true},
      {"X.test", "a.b.x.test", 80, true},
      {"x.test", "ax.test", 80, false},
      {"x.test", "x.test.evil", 80, false},
      {".x.test", "a.x.test", 80, true},
      {".x.test", "x.test", 80, true},
      {"*.x.test", "a.x.test", 80, true},
      {"x.test.", "x.test", 80, true},
      {"a, b\tx.test ,c", "x.test", 80, true},
      {"x.test:443", "x.test", 443, true},
      {"x.test:443", "x.test", 80, false},
      {"x.test:zzz", "x.test", 80, false},
      {"10.0.0.0/8", "10.255.1.2", 80, true},
      {"10.0.0.0/8", "11.0.0.1", 80, false},
      {"10.1.2.3", "10.1.2.3", 80, true},
      {"10.1.2.3:81", "10.1.2.3", 80, false},
      {"10.1.2.128/25", "10.1.2.127", 80, false},
      {"0.0.0.0/0", "8.8.8.8", 80, true},
      {"0.0.0.0/0", "name.test", 80, false},
      {"10.0.0.0/33", "10.0.0.0", 80, false},
      {"10.0.0.0/x", "10.0.0.0", 80, false},
      {"2.3", "10.1.2.3", 80, false},
      {"1", "10.0.0.1", 80, false},
      {"::1", "[::1]", 80, true},
      {"[::1]:80", "::1", 80, true},
      {"2001:db8::/32", "[2001:db8:1::5]", 443, true},
      {"2001:db8::/32", "[2001:db9::5]", 443, false},
      {"::/0", "10.0.0.1", 443, false},
      {"", "x.test", 80, false},
      {",,", "x.test", 80, false},
      {".", "x.test", 80, false},
  };
  for (const Row& row : kRows) {
    auto settings = ProxySettings::create("p:1", {.no_proxy = row.no_proxy});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->choose("http", row.host, row.port) == nullptr, row.is_direct)
        << row.no_proxy << " on " << row.host;
  }
}

TEST(ProxyEnvironment, UpperCaseHttpProxyIsNotRead) {
  ::setenv("HTTP_PROXY", "evil:1", 1);
  ::unsetenv("http_proxy");
  ::unsetenv("https_proxy");
  ::setenv("HTTPS_PROXY", "upper:1", 1);
  EXPECT_EQ(proxy_environment().http_proxy, "");
  EXPECT_EQ(proxy_environment().https_proxy, "upper:1");
  ::setenv("https_proxy", "lower:1", 1);
  EXPECT_EQ(proxy_environment().https_proxy, "lower:1");
  ::setenv("http_proxy", "good:1", 1);
  EXPECT_EQ(proxy_environment().http_proxy, "good:1");
}

/// Feeds `replies` in pieces, taking what is sent after each; `stood` is when the tunnel was
/// reported.
struct Talk {
  Result<bool> outcome = false;
  std::string sent{};
  std::size_t consumed = 0;
};

Talk talk(ProxyHandshake& handshake, const std::string& replies, std::size_t cut) {
  Talk result;
  std::string received;
  const auto take_output = [&] {
    while (!handshake.output().empty()) {
      std::string_view piece = handshake.output().substr(0, cut);
      result.sent += piece;
      handshake.consume_output(piece.size());
    }
  };
  take_output();
  for (std::size_t at = 0; at < replies.size() && result.outcome && !*result.outcome; at += cut) {
    received += replies.substr(at, cut);
    std::size_t consumed = 0;
    result.outcome = handshake.receive(received, consumed);
    received.erase(0, consumed);
    result.consumed += consumed;
    take_output();
  }
  return result;
}

Talk talk(const Proxy& proxy, std::string_view host, std::uint16_t port, const std::string& replies,
          std::size_t cut) {
  auto handshake = make_handshake(proxy, host, port);
  EXPECT_TRUE(handshake);
  return talk(**handshake, replies, cut);
}

TEST(ConnectHandshake, AsksForTheTargetAndLeavesItsBytes) {
  Proxy proxy{.kind = ProxyKind::http, .host = "p", .port = 1};
  const std::string reply =
      "HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n";
  for (std::size_t cut : kCuts) {
    Talk result = talk(proxy, "x.test", 443, reply + "\x16\x03", cut);
    ASSERT_TRUE(result.outcome && *result.outcome);
    EXPECT_EQ(result.sent, "CONNECT x.test:443 HTTP/1.1\r\nHost: x.test:443\r\n\r\n");
    EXPECT_EQ(result.consumed, reply.size());
  }
  EXPECT_EQ(talk(proxy, "2001:db8::1", 80, "", 1).sent,
            "CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n");
}

TEST(ConnectHandshake, CredentialsGoAsBasic) {
  Proxy proxy{.host = "p", .port = 1, .user = "Aladdin", .password = "open sesame"};
  EXPECT_NE(talk(proxy, "x", 1, "", 1)
                .sent.find("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string::npos);
  proxy.password = "1234";
  EXPECT_NE(talk(proxy, "x", 1, "", 1).sent.find("QWxhZGRpbjoxMjM0\r\n"), std::string::npos);
  proxy.password = "123";
  EXPECT_NE(talk(proxy, "x", 1, "", 1).sent.find("QWxhZGRpbjoxMjM=\r\n"), std::string::npos);
}

TEST(ConnectHandshake, RefusalsBecomeStatuses) {
  Proxy proxy{.host = "p", .port = 1};
  for (auto [reply, code] : {std::pair("HTTP/1.1 407 No\r\n\r\n", ErrorCode::connect_refused),
                             std::pair("HTTP/1.1 403 No\r\n\r\n", ErrorCode::connect_refused),
                             std::pair("HTTP/1.1 302 No\r\n\r\n", ErrorCode::connect_refused),
                             std::pair("HTTP/1.0 502 No\r\n\r\n", ErrorCode::unreachable),
                             std::pair("HTTP/1.1 503 No\r\n\r\n", ErrorCode::unreachable),
                             std::pair("HTTP/1.1 504 No\r\n\r\n", ErrorCode::connect_timeout),
                             std::pair("SSH-2.0-x\r\n", ErrorCode::protocol_error)}) {
    for (std::size_t cut : kCuts) {
      Talk result = talk(proxy, "x", 1, reply, cut);
      ASSERT_FALSE(result.outcome) << reply;
      EXPECT_EQ(result.outcome.error().code, code) << reply;
    }
  }
}

TEST(Socks5Handshake, ANameAnAddressAndCredentialsAreSaid) {
  Proxy proxy{.kind = ProxyKind::socks5h, .host = "p", .port = 1};
  const std::string ok = "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"s;
  for (std::size_t cut : kCuts) {
    Talk named = talk(proxy, "x.test", 443, "\x05\x00"s + ok + "target", cut);
    ASSERT_TRUE(named.outcome && *named.outcome);
    EXPECT_EQ(named.sent, "\x05\x01\x00\x05\x01\x00\x03\x06x.test\x01\xbb"s);
    EXPECT_EQ(named.consumed, 2 + ok.size());
    Talk v4 = talk(proxy, "203.0.113.7", 80, "\x05\x00"s + ok, cut);
    EXPECT_EQ(v4.sent, "\x05\x01\x00\x05\x01\x00\x01\xcb\x00\x71\x07\x00\x50"s);
    Talk v6 = talk(proxy, "::1", 80, "\x05\x00"s + ok, cut);
    EXPECT_EQ(v6.sent, "\x05\x01\x00\x05\x01\x00\x04"s + std::string(15, '\0') + "\x01\x00\x50"s);
    Proxy secured = proxy;
    secured.user = "me";
    secured.password = "pass";
    Talk named_user = talk(secured, "x", 1, "\x05\x02\x01\x00"s + ok, cut);
    ASSERT_TRUE(named_user.outcome && *named_user.outcome);
    EXPECT_EQ(named_user.sent, "\x05\x02\x00\x02\x01\x02me\x04pass\x05\x01\x00\x03\x01x\x00\x01"s);
    Talk not_wanted = talk(secured, "x", 1, "\x05\x00"s + ok, cut);
    EXPECT_TRUE(not_wanted.outcome && *not_wanted.outcome);
  }
}

TEST(Socks5Handshake, EveryFormOfBoundAddressIsReadOver) {
  Proxy proxy{.kind = ProxyKind::socks5, .host = "p", .port = 1};
  for (const std::string& reply :
       {"\x05\x00\x00\x03\x04name\x00\x50"s, "\x05\x00\x00\x03\x00\x00\x50"s,
        "\x05\x00\x00\x04"s + std::string(18, 'x')}) {
    for (std::size_t cut : kCuts) {
      Talk result = talk(proxy, "x", 1, "\x05\x00"s + reply + "target", cut);
      ASSERT_TRUE(result.outcome && *result.outcome);
      EXPECT_EQ(result.consumed, 2 + reply.size());
    }
    Talk cut_short = talk(proxy, "x", 1, "\x05\x00"s + reply.substr(0, reply.size() - 1), kWhole);
    EXPECT_TRUE(cut_short.outcome && !*cut_short.outcome);
  }
}

TEST(Socks5Handshake, RefusalsBecomeStatuses) {
  Proxy proxy{.kind = ProxyKind::socks5, .host = "p", .port = 1, .user = "u"};
  struct Row {
    std::string reply;
    ErrorCode code;
  };
  for (const Row& row :
       {Row{"HTTP/1.1 400"s, ErrorCode::protocol_error},
        Row{"\x05\xff"s, ErrorCode::connect_refused}, Row{"\x05\x01"s, ErrorCode::connect_refused},
        Row{"\x05\x02\x01\x01"s, ErrorCode::connect_refused},
        Row{"\x05\x02\x05\x00"s, ErrorCode::protocol_error},
        Row{"\x05\x00\x05\x01"s, ErrorCode::unreachable},
        Row{"\x05\x00\x05\x02"s, ErrorCode::connect_refused},
        Row{"\x05\x00\x05\x03"s, ErrorCode::unreachable},
        Row{"\x05\x00\x05\x04"s, ErrorCode::unreachable},
        Row{"\x05\x00\x05\x05"s, ErrorCode::connect_refused},
        Row{"\x05\x00\x05\x06"s, ErrorCode::connect_timeout},
        Row{"\x05\x00\x05\x08"s, ErrorCode::protocol_error},
        Row{"\x05\x00\x05\x63"s, ErrorCode::protocol_error},
        Row{"\x05\x00\x04\x00"s, ErrorCode::protocol_error},
        Row{"\x05\x00\x05\x00\x00\x07xxxxxxxxx"s, ErrorCode::protocol_error}}) {
    for (std::size_t cut : kCuts) {
      Talk result = talk(proxy, "x", 1, row.reply, cut);
      ASSERT_FALSE(result.outcome) << row.reply;
      EXPECT_EQ(result.outcome.error().code, row.code) << row.reply;
    }
  }
}

TEST(Socks5Handshake, AMethodThatNeedsCredentialsWeLackIsARefusal) {
  Proxy proxy{.kind = ProxyKind::socks5, .host = "p", .port = 1};
  EXPECT_EQ(talk(proxy, "x", 1, "\x05\x02"s, kWhole).outcome.error().code,
            ErrorCode::connect_refused);
}

TEST(ProxyHandshake, UnfitTargetsAndCredentialsAreRefusedBeforehand) {
  Proxy http{.host = "p", .port = 1};
  Proxy socks{.kind = ProxyKind::socks5, .host = "p", .port = 1, .user = std::string(256, 'u')};
  EXPECT_FALSE(make_handshake(http, "", 1));
  EXPECT_FALSE(make_handshake(http, "a\r\nX: y", 1));
  EXPECT_FALSE(make_handshake(http, "a b", 1));
  EXPECT_FALSE(make_handshake(http, std::string(256, 'a'), 1));
  EXPECT_FALSE(make_handshake(socks, "x", 1));
}

}  // namespace
}  // namespace pixhaul::net
