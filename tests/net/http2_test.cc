#include "net/http2.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pixhaul::net {
namespace {

constexpr std::size_t kCuts[] = {1, 2, 3, 7, 16, 1 << 20};

struct Recorder final : StreamReceiver {
  int heads = 0;
  ResponseHead head;
  std::string type;
  std::string body;
  bool ended = false;
  int failures = 0;
  ErrorCode code = ErrorCode::success;
  bool unprocessed = false;
  std::string detail;
  std::function<void()> at_head;

  void on_head(const ResponseHead& got) override {
    ++heads;
    head = got;
    for (const Field& field : got.fields) {
      if (field.name == "content-type") type = field.value;
    }
    if (at_head) at_head();
  }
  void on_body(std::span<const std::byte> bytes) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void on_end() override { ended = true; }
  void on_failed(ErrorCode with, bool safe, std::string_view why) override {
    ++failures;
    code = with;
    unprocessed = safe;
    detail = why;
  }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// A server in memory on libnghttp2, which lets raw frames be mixed in.
class Server {
 public:
  explicit Server(std::uint32_t max_streams = 128) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_http_messaging(option, 1);  // lets it send nonsense
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~Server() { nghttp2_session_del(session_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void receive(std::span<const std::byte> bytes) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    EXPECT_EQ(nghttp2_session_mem_recv(session_, data, bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string output() {
    std::string all = std::exchange(raw_, {});
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) return all;
      all.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
  }
  void headers(std::int32_t stream, const Fields& fields, bool end) {
    std::vector<nghttp2_nv> list = to_list(fields);
    nghttp2_submit_headers(session_, end ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, stream,
                           nullptr, list.data(), list.size(), nullptr);
  }
  void respond(std::int32_t stream, const Fields& fields, std::string body) {
    bodies_[stream] = std::move(body);
    std::vector<nghttp2_nv> list = to_list(fields);
    const nghttp2_data_provider provider{.source = {.ptr = &bodies_[stream]},
                                         .read_callback = read_body};
    nghttp2_submit_response(session_, stream, list.data(), list.size(), &provider);
  }
  void reset(std::int32_t stream, std::uint32_t error) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error);
  }
  void go_away(std::int32_t last) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  }
  void ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }
  void raw(std::string_view bytes) { raw_ += bytes; }

  std::map<std::int32_t, Fields> requests;
  std::map<std::int32_t, std::uint32_t> closed;

 private:
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    static_cast<Server*>(user)->requests[frame->hd.stream_id].emplace_back(
        std::string(reinterpret_cast<const char*>(name), name_size),
        std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
    static_cast<Server*>(user)->closed[stream] = error;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& body = *static_cast<std::string*>(source->ptr);
    const std::size_t count = std::min(size, body.size());
    std::memcpy(out, body.data(), count);
    body.erase(0, count);
    if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
  static std::vector<nghttp2_nv> to_list(const Fields& fields) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return list;
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::string> bodies_;
  std::string raw_;
};

class Pair {
 public:
  explicit Pair(std::size_t cut = 1 << 20, std::uint32_t max_streams = 128)
      : client(Http2Session::create().value()), server(max_streams), cut_(cut) {}

  // Carries bytes both ways until neither side has any.
  Result<> shuttle() {
    for (bool moved = true; moved;) {
      moved = false;
      while (!client->output().empty()) {
        const auto piece = client->output().first(std::min(cut_, client->output().size()));
        server.receive(piece);
        client->consume_output(piece.size());
        moved = true;
      }
      const std::string bytes = server.output();
      for (std::size_t at = 0; at < bytes.size(); at += cut_) {
        const auto piece = std::string_view(bytes).substr(at, cut_);
        const Result<> taken = client->receive(std::as_bytes(std::span(piece)), now);
        if (!taken) return taken;
        moved = true;
      }
    }
    return {};
  }
  std::int32_t get(Recorder& recorder, std::string_view path = "/a.jpg") {
    const Field extra[] = {{"user-agent", "pixhaul"}};
    return client
        ->submit({.scheme = "https", .authority = "a.test", .path = path, .fields = extra},
                 &recorder)
        .value();
  }

  std::unique_ptr<Http2Session> client;
  Server server;
  Instant now{std::chrono::seconds(1)};

 private:
  std::size_t cut_;
};

const Fields kImage = {{":status", "200"}, {"content-type", "image/jpeg"}, {"content-length", "5"}};

TEST(Http2Session, RequestAndResponseArriveWhereverTheyAreCut) {
  for (const std::size_t cut : kCuts) {
    Pair pair(cut);
    Recorder recorder;
    const std::int32_t stream = pair.get(recorder);
    ASSERT_TRUE(pair.shuttle());
    const Fields sent = {{":method", "GET"},
                         {":scheme", "https"},
                         {":authority", "a.test"},
                         {":path", "/a.jpg"},
                         {"user-agent", "pixhaul"}};
    EXPECT_EQ(pair.server.requests[stream], sent);
    pair.server.respond(stream, kImage, "hello");
    ASSERT_TRUE(pair.shuttle());
    EXPECT_EQ(recorder.head.status, 200);
    EXPECT_EQ(recorder.head.framing, Framing::length);
    EXPECT_EQ(recorder.head.content_length, 5u);
    EXPECT_EQ(recorder.type, "image/jpeg");
    EXPECT_EQ(recorder.body, "hello");
    EXPECT_TRUE(recorder.ended);
    EXPECT_EQ(recorder.failures, 0);
    EXPECT_EQ(pair.client->active_streams(), 0u);
  }
}

TEST(Http2Session, ManyStreamsShareOneConnection) {
  Pair pair;
  std::vector<Recorder> recorders(100);
  std::vector<std::int32_t> streams;
  for (Recorder& recorder : recorders) {
    ASSERT_TRUE(pair.client->can_submit());
    streams.push_back(pair.get(recorder));
  }
  EXPECT_FALSE(pair.client->can_submit());  // until the server has said how many it takes
  ASSERT_TRUE(pair.shuttle());
  EXPECT_TRUE(pair.client->can_submit());
  for (const std::int32_t stream : streams) {
    pair.server.respond(stream, {{":status", "200"}}, std::to_string(stream));
  }
  ASSERT_TRUE(pair.shuttle());
  for (std::size_t i = 0; i < recorders.size(); ++i) {
    EXPECT_EQ(recorders[i].body, std::to_string(streams[i]));
    EXPECT_EQ(recorders[i].head.framing, Framing::chunked);
  }
}

TEST(Http2Session, BodiesLargerThanAllWindowsArriveWhole) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  pair.server.respond(stream, {{":status", "200"}}, std::string(20u << 20, 'x'));
  ASSERT_TRUE(pair.shuttle());
  EXPECT_TRUE(recorder.ended);
  EXPECT_EQ(recorder.body.size(), 20u << 20);
}

TEST(Http2Session, PeersLimitOfStreamsIsKept) {
  Pair pair(1 << 20, 2);
  Recorder recorders[2];
  ASSERT_TRUE(pair.shuttle());
  (void)pair.get(recorders[0]);
  EXPECT_TRUE(pair.client->can_submit());
  (void)pair.get(recorders[1]);
  EXPECT_FALSE(pair.client->can_submit());
  EXPECT_FALSE(pair.client->is_draining());
}

TEST(Http2Session, InformationalResponsesAreSkippedAndTrailersDropped) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  pair.server.headers(stream, {{":status", "103"}, {"link", "x"}}, false);
  pair.server.headers(stream, {{":status", "200"}, {"content-type", "image/png"}}, false);
  pair.server.headers(stream, {{"checksum", "x"}}, true);
  ASSERT_TRUE(pair.shuttle());
  EXPECT_EQ(recorder.heads, 1);
  EXPECT_EQ(recorder.head.status, 200);
  EXPECT_EQ(recorder.type, "image/png");
  EXPECT_TRUE(recorder.ended);
}

TEST(Http2Session, EndlessInformationalResponsesFail) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  for (int i = 0; i < 11; ++i) pair.server.headers(stream, {{":status", "103"}}, false);
  (void)pair.shuttle();
  EXPECT_EQ(recorder.heads, 0);
  EXPECT_EQ(recorder.code, ErrorCode::protocol_error);
  EXPECT_EQ(recorder.failures, 1);
}

TEST(Http2Session, StatusBelowOneHundredFails) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  pair.server.respond(stream, {{":status", "051"}}, "body");
  (void)pair.shuttle();
  EXPECT_EQ(recorder.heads, 0);
  EXPECT_EQ(recorder.body, "");
  EXPECT_EQ(recorder.code, ErrorCode::protocol_error);
}

TEST(Http2Session, ResetsAreClassified) {
  const struct {
    std::uint32_t error;
    bool unprocessed;
    const char* detail;
  } cases[] = {
      {NGHTTP2_REFUSED_STREAM, true, "stream refused by the server"},
      {NGHTTP2_INTERNAL_ERROR, false, "stream reset by the server: INTERNAL_ERROR"},
      {NGHTTP2_NO_ERROR, false, "stream reset by the server: NO_ERROR"},
  };
  for (const auto& c : cases) {
    Pair pair;
    Recorder recorder;
    const std::int32_t stream = pair.get(recorder);
    ASSERT_TRUE(pair.shuttle());
    pair.server.reset(stream, c.error);
    ASSERT_TRUE(pair.shuttle());
    EXPECT_EQ(recorder.code, ErrorCode::connection_reset);
    EXPECT_EQ(recorder.unprocessed, c.unprocessed);
    EXPECT_EQ(recorder.detail, c.detail);
    EXPECT_TRUE(pair.client->can_submit());
  }
}

TEST(Http2Session, GoAwayFinishesWhatWasTakenAndReturnsTheRest) {
  Pair pair;
  Recorder taken;
  Recorder refused;
  const std::int32_t first = pair.get(taken);
  (void)pair.get(refused);
  ASSERT_TRUE(pair.shuttle());
  pair.server.go_away(first);
  ASSERT_TRUE(pair.shuttle());
  EXPECT_EQ(refused.code, ErrorCode::connection_reset);
  EXPECT_TRUE(refused.unprocessed);
  EXPECT_EQ(taken.failures, 0);
  EXPECT_TRUE(pair.client->is_draining());
  EXPECT_FALSE(pair.client->can_submit());
  pair.server.respond(first, kImage, "hello");
  ASSERT_TRUE(pair.shuttle());
  EXPECT_TRUE(taken.ended);
  EXPECT_EQ(pair.client->active_streams(), 0u);
}

TEST(Http2Session, LengthsThatDoNotMatchFail) {
  const struct {
    const char* body;
    ErrorCode code;
  } cases[] = {{"hell", ErrorCode::truncated},
               {"", ErrorCode::truncated},
               {"hello!", ErrorCode::protocol_error}};
  for (const auto& c : cases) {
    Pair pair;
    Recorder recorder;
    const std::int32_t stream = pair.get(recorder);
    ASSERT_TRUE(pair.shuttle());
    pair.server.respond(stream, kImage, c.body);
    ASSERT_TRUE(pair.shuttle());
    EXPECT_FALSE(recorder.ended) << c.body;
    EXPECT_EQ(recorder.code, c.code) << c.body;
    EXPECT_FALSE(recorder.unprocessed);
  }
}

TEST(Http2Session, HeadersAboveTheLimitFailOneStreamOnly) {
  Pair pair;
  Recorder recorder;
  Recorder neighbour;
  const std::int32_t stream = pair.get(recorder);
  const std::int32_t other = pair.get(neighbour);
  ASSERT_TRUE(pair.shuttle());
  Fields many = {{":status", "200"}};
  for (int i = 0; i < 300; ++i) many.emplace_back("x-" + std::to_string(i), "y");
  pair.server.headers(stream, many, false);
  pair.server.respond(other, kImage, "hello");
  ASSERT_TRUE(pair.shuttle());
  EXPECT_EQ(recorder.code, ErrorCode::header_limit);
  EXPECT_EQ(recorder.heads, 0);
  EXPECT_TRUE(neighbour.ended);
}

TEST(Http2Session, CancelledStreamIsResetAndHeardOfNoMore) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  // From inside a callback, as the fetcher does when it has seen enough.
  recorder.at_head = [&] { pair.client->cancel(stream); };
  pair.server.respond(stream, kImage, "hello");
  ASSERT_TRUE(pair.shuttle());
  EXPECT_EQ(recorder.heads, 1);
  EXPECT_EQ(recorder.body, "");
  EXPECT_FALSE(recorder.ended);
  EXPECT_EQ(recorder.failures, 0);
  EXPECT_EQ(pair.client->active_streams(), 0u);
  pair.client->cancel(stream);  // unknown by now
}

TEST(Http2Session, CancelTellsTheServer) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  pair.client->cancel(stream);
  ASSERT_TRUE(pair.shuttle());
  EXPECT_EQ(pair.server.closed[stream], static_cast<std::uint32_t>(NGHTTP2_CANCEL));
}

TEST(Http2Session, CancelBeforeSendingLeavesNothingBehind) {
  Pair pair;
  Recorder recorder;
  pair.client->cancel(pair.get(recorder));
  ASSERT_TRUE(pair.shuttle());
  EXPECT_EQ(pair.client->active_streams(), 0u);
  EXPECT_EQ(recorder.failures, 0);
}

TEST(Http2Session, PingFloodEndsTheConnectionButASteadyTrickleDoesNot) {
  Pair calm;
  for (int i = 0; i < 300; ++i) {
    calm.now += std::chrono::milliseconds(40);
    calm.server.ping();
    ASSERT_TRUE(calm.shuttle()) << i;
  }
  Pair pair;
  Recorder recorder;
  (void)pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  for (int i = 0; i < 110; ++i) pair.server.ping();
  const Result<> flooded = pair.shuttle();
  ASSERT_FALSE(flooded);
  EXPECT_EQ(flooded.error().code, ErrorCode::protocol_error);
  EXPECT_EQ(flooded.error().detail, "HTTP/2: flood of control frames");
  EXPECT_EQ(recorder.failures, 1);
  EXPECT_TRUE(pair.client->is_draining());
}

TEST(Http2Session, EmptyDataFramesAreAFlood) {
  Pair pair;
  Recorder recorder;
  const std::int32_t stream = pair.get(recorder);
  ASSERT_TRUE(pair.shuttle());
  pair.server.headers(stream, {{":status", "200"}}, false);
  ASSERT_TRUE(pair.shuttle());
  for (int i = 0; i < 110; ++i) pair.server.raw(std::string_view("\0\0\0\0\0\0\0\0\1", 9));
  EXPECT_FALSE(pair.shuttle());
  EXPECT_EQ(recorder.code, ErrorCode::protocol_error);
}

TEST(Http2Session, BrokenFramesEndTheConnectionWithAGoAway) {
  const struct {
    const char* what;
    std::string_view bytes;
  } cases[] = {
      {"PUSH_PROMISE", std::string_view("\0\0\x05\5\4\0\0\0\1\0\0\0\2\x88", 14)},
      {"DATA on stream 0", std::string_view("\0\0\1\0\0\0\0\0\0x", 10)},
      {"frame above the size limit", std::string_view("\xff\0\0\0\0\0\0\0\1", 9)},
      {"PING of seven bytes", std::string_view("\0\0\7\6\0\0\0\0\0zzzzzzz", 16)},
      {"index outside the HPACK table", std::string_view("\0\0\2\1\4\0\0\0\1\xff\x7f", 11)},
      {"window above 2^31-1", std::string_view("\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff", 13)},
  };
  for (const auto& c : cases) {
    for (const std::size_t cut : kCuts) {
      Pair pair(cut);
      Recorder recorder;
      (void)pair.get(recorder);
      ASSERT_TRUE(pair.shuttle());
      pair.server.raw(c.bytes);
      const Result<> taken = pair.shuttle();
      ASSERT_FALSE(taken) << c.what << " at " << cut;
      EXPECT_EQ(recorder.failures, 1) << c.what;
      EXPECT_FALSE(pair.client->output().empty()) << c.what;
    }
  }
}

TEST(Http2Session, ServerThatSpeaksHttp1IsAnError) {
  Pair pair;
  Recorder recorder;
  (void)pair.get(recorder);
  const std::string_view text = "HTTP/1.1 400 Bad Request\r\n\r\n";
  EXPECT_FALSE(pair.client->receive(std::as_bytes(std::span(text)), pair.now));
  EXPECT_EQ(recorder.code, ErrorCode::protocol_error);
}

TEST(Http2Session, LostConnectionFailsAllAndSparesTheUnsent) {
  Pair pair;
  Recorder sent;
  Recorder unsent;
  (void)pair.get(sent);
  ASSERT_TRUE(pair.shuttle());
  (void)pair.get(unsent);
  pair.client->fail_all(ErrorCode::connection_reset, "gone");
  EXPECT_EQ(sent.code, ErrorCode::connection_reset);
  EXPECT_EQ(sent.detail, "gone");
  EXPECT_FALSE(sent.unprocessed);
  EXPECT_TRUE(unsent.unprocessed);
  EXPECT_FALSE(pair.client->can_submit());
  EXPECT_EQ(pair.client->active_streams(), 0u);
}

}  // namespace
}  // namespace pixhaul::net
