#include "net/http1_session.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace pixhaul::net {
namespace {

using State = Http1Session::State;
using enum ErrorCode;

constexpr std::size_t kCuts[] = {1, 2, 3, 7, 16, SIZE_MAX};

class RefusingJudge final : public BodyJudge {
 public:
  void reset() override {}
  std::optional<Error> judge(std::span<const std::byte>) override {
    return Error{.code = not_image};
  }
  std::optional<Error> finish() override { return std::nullopt; }
  void describe(Outcome&) const override {}
};

struct Talk {
  Exchange exchange{};
  Http1Session session{};
  ResponseRules rules{.max_body_bytes = 100'000};

  void start(BodyJudge* judge = nullptr) {
    exchange.begin(rules, judge, nullptr);
    session.start("GET / HTTP/1.1\r\n\r\n", exchange);
    session.consume_output(session.output().size());
  }
  // As a connection does: at most `cut` bytes a read, none once the session takes no more.
  void feed(std::string_view text, std::size_t cut) {
    while (!text.empty() && !session.is_unusable() && !session.is_idle()) {
      const auto space = session.receive_space();
      const std::size_t count = std::min({cut, space.size(), text.size()});
      std::memcpy(space.data(), text.data(), count);
      text.remove_prefix(count);
      session.received(count);
    }
  }
  [[nodiscard]] std::string body() {
    std::size_t begin = 0;
    const Buffer buffer = exchange.take_body(begin);
    return std::string(buffer.text().substr(std::min(begin, buffer.size())));
  }
};

struct WireCase {
  const char* text;
  ErrorCode status;  // success: complete
  const char* body;
  State after;
  bool ends = false;  // the server closes behind it
};

const WireCase kWire[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", success, "hello", State::idle},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", success, "", State::idle},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", success, "hello",
     State::unusable},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", success, "hello", State::unusable},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
     success, "hello", State::idle},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
     success, "hello", State::idle},
    {"HTTP/1.1 200 OK\r\n\r\nhello", success, "hello", State::unusable, true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n"
     "Content-Length: 5\r\n\r\nhello",
     success, "hello", State::idle},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", http_4xx, "", State::idle},
    {"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngone\r\n0\r\n\r\n", http_4xx,
     "", State::idle},
    {"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\n", http_4xx, "",
     State::unusable},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 70000\r\n\r\n", http_4xx, "", State::unusable},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", protocol_error, "", State::idle},
    {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nno", redirect_bad, "",
     State::idle},
    {"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n", too_large, "", State::unusable},
    {"HTTP/1.1 101 Switching\r\n\r\n", protocol_error, "", State::unusable},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", protocol_error, "",
     State::unusable},
    {"garbage\r\n\r\n", protocol_error, "", State::unusable},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", truncated, "", State::unusable, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", truncated, "",
     State::unusable, true},
    {"HTTP/1.1 200", connection_reset, "", State::unusable, true},
    {"", connection_reset, "", State::unusable, true},
};

TEST(Http1Session, EveryResponseEndsTheSameAtEveryCut) {
  for (const WireCase& wire : kWire) {
    for (const std::size_t cut : kCuts) {
      Talk run;
      run.start();
      run.feed(wire.text, cut);
      if (wire.ends) run.session.ended(true, 0);
      EXPECT_TRUE(run.exchange.is_finished()) << wire.text << " cut " << cut;
      const bool complete = run.exchange.phase() == Exchange::Phase::complete;
      EXPECT_EQ(complete ? success : run.exchange.error().code, wire.status)
          << wire.text << " cut " << cut << ": " << run.exchange.error().detail;
      EXPECT_EQ(run.session.state(), wire.after) << wire.text << " cut " << cut;
      if (complete) {
        EXPECT_EQ(run.body(), wire.body) << wire.text << " cut " << cut;
      }
    }
  }
}

TEST(Http1Session, BytesBehindAResponseMakeTheConnectionUnusable) {
  const char* responses[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  };
  for (const std::string response : responses) {
    // Up to the body's last byte on its own, then the rest together with what is too much.
    for (std::size_t cut = 0; cut < response.size(); ++cut) {
      Talk run;
      run.start();
      run.feed(response.substr(0, cut), SIZE_MAX);
      const std::string rest =
          response.substr(cut) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      run.feed(rest, SIZE_MAX);
      EXPECT_EQ(run.session.state(), State::unusable) << response << " cut " << cut;
      EXPECT_TRUE(run.exchange.is_finished());
    }
  }
}

TEST(Http1Session, IdleConnectionThatSpeaksIsUnusable) {
  Http1Session session;
  const auto space = session.receive_space();
  ASSERT_GT(space.size(), 0u);
  session.received(1);
  EXPECT_TRUE(session.is_unusable());
}

TEST(Http1Session, NextExchangeFollowsOnTheSameConnection) {
  for (const std::size_t cut : kCuts) {
    Talk run;
    for (const char* body : {"first", "other"}) {
      run.start();
      run.feed(std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") + body, cut);
      EXPECT_EQ(run.exchange.phase(), Exchange::Phase::complete);
      EXPECT_EQ(run.body(), body);
      EXPECT_TRUE(run.session.is_idle());
    }
  }
}

TEST(Http1Session, JudgedBodyIsDrainedToItsEnd) {
  for (const std::size_t cut : kCuts) {
    RefusingJudge judge;
    Talk run;
    run.start(&judge);
    run.feed("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n012345678901234567890123456789", cut);
    EXPECT_EQ(run.exchange.error().code, not_image);
    EXPECT_EQ(run.session.state(), State::idle) << cut;
  }
}

TEST(Http1Session, JudgedBodyWithMuchLeftIsNotDrained) {
  RefusingJudge judge;
  Talk run;
  run.start(&judge);
  run.feed("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n0123456789", SIZE_MAX);
  EXPECT_EQ(run.exchange.error().code, not_image);
  EXPECT_TRUE(run.session.is_unusable());
  EXPECT_EQ(run.exchange.bytes_saved(), 89'990u);
}

TEST(Http1Session, ElevenInformationalResponsesAreTooMany) {
  for (const std::size_t cut : kCuts) {
    for (const int count : {10, 11}) {
      Talk run;
      run.start();
      std::string text;
      for (int i = 0; i < count; ++i) text += "HTTP/1.1 103 Hints\r\n\r\n";
      run.feed(text + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", cut);
      EXPECT_EQ(run.exchange.phase() == Exchange::Phase::complete, count == 10);
    }
  }
}

TEST(Http1Session, AnswerBeforeTheWholeRequestWasSentEndsTheConnection) {
  Talk run;
  run.exchange.begin(run.rules, nullptr, nullptr);
  run.session.start("GET / HTTP/1.1\r\n\r\n", run.exchange);
  run.session.consume_output(3);
  run.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", SIZE_MAX);
  EXPECT_EQ(run.exchange.phase(), Exchange::Phase::complete);
  EXPECT_TRUE(run.session.is_unusable());
}

TEST(Http1Session, BodyUntilCloseThatEndsOutOfOrderIsTruncated) {
  Talk run;
  run.start();
  run.feed("HTTP/1.1 200 OK\r\n\r\nhel", SIZE_MAX);
  run.session.ended(false, 104);
  EXPECT_EQ(run.exchange.error().code, truncated);
}

}  // namespace
}  // namespace pixhaul::net
