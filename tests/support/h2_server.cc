#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "support/connection.h"

// HTTP/2 over libnghttp2's server session. Every stream carries out its own script side by side
// with the others, so a script is advanced in small moves: `advance` does what can be done now and
// remembers when it wants to be called again. Raw bytes and connection endings wait until the
// frames before them have been written.

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A little more than one DATA frame, so that an endless body costs no memory.
constexpr std::size_t kMostPendingBytes = 65536;

struct Stream {
  Request request;
  std::uint64_t ledger_id = 0;
  Script script;
  std::size_t next_step = 0;
  std::uint64_t repeats_done = 0;
  std::string pending;  // body bytes not yet in a DATA frame
  std::size_t pending_at = 0;
  steady_clock::time_point wake{};
  BodyDigest digest;
  int status = 0;
  bool is_answering = false;  // the request is whole and has its script
  bool has_final_head = false;
  bool is_deferred = false;
  bool is_stalled = false;
  bool is_done = false;  // every step carried out
  bool ended_cleanly = false;

  [[nodiscard]] bool has_pending() const { return pending_at < pending.size(); }
};

nghttp2_nv to_nv(const std::string& name, const std::string& value) {
  // nghttp2 copies both; its fields are not const.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

// RFC 9113 §8.2.2: connection-specific fields have no place in HTTP/2.
bool is_connection_specific(const std::string& name) {
  return name == "connection" || name == "keep-alive" || name == "transfer-encoding" ||
         name == "upgrade" || name == "proxy-connection";
}

class Http2Server {
 public:
  Http2Server(Transport& transport, const ConnectionContext& context)
      : transport_(transport), context_(context) {
    make_session();
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                       context.h2_max_concurrent_streams};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~Http2Server() {
    nghttp2_session_del(session_);
    for (auto& [id, stream] : streams_) finish(*stream);
  }
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  void serve() {
    while (flush() && receive()) {
      while (advance_all()) {
        if (!flush()) return;
      }
      if (!flush()) return;
      if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) {
        transport_.end(Ending::close);
        return;
      }
      if (transport_.wait_readable(next_wake()) == Transport::Wake::over) return;
    }
  }

 private:
  void make_session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    const int result = nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    PIXHAUL_CHECK(result == 0);
  }

  static Http2Server& self(void* user) { return *static_cast<Http2Server*>(user); }

  Stream* find(std::int32_t id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Http2Server& server = self(user);
    auto stream = std::make_unique<Stream>();
    stream->request.connection_id = server.context_.id;
    stream->request.is_tls = server.context_.is_tls;
    stream->request.stream_id = frame->hd.stream_id;
    stream->request.number_on_connection = ++server.requests_;
    server.streams_[frame->hd.stream_id] = std::move(stream);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Stream* stream = self(user).find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const std::string field(name, name + name_size);
    std::string text(value, value + value_size);
    Request& request = stream->request;
    if (field == ":method") request.method = text;
    if (field == ":path") request.target = text;
    if (field == ":authority" || (field == "host" && request.host.empty())) request.host = text;
    request.headers.push_back({field, std::move(text)});
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    if (Stream* stream = self(user).find(id)) stream->request.body.append(data, data + size);
    return 0;
  }

  static int on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    Http2Server& server = self(user);
    Stream* stream = server.find(frame->hd.stream_id);
    if (stream == nullptr || stream->is_answering) return 0;
    split_target(stream->request);
    stream->ledger_id = server.context_.ledger.get().open_request(stream->request);
    stream->script = server.context_.script_for(stream->request);
    stream->is_answering = true;
    if (stream->script.wire_limit) server.limit_ = stream->script.wire_limit;
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code,
                             void* user) {
    Http2Server& server = self(user);
    const auto found = server.streams_.find(id);
    if (found == server.streams_.end()) return 0;
    found->second->ended_cleanly = error_code == NGHTTP2_NO_ERROR;
    server.finish(*found->second);
    server.closed_.push_back(std::move(found->second));
    server.streams_.erase(found);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    if (!stream.has_pending() && !stream.is_done) {
      stream.is_deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    const std::size_t count = std::min(size, stream.pending.size() - stream.pending_at);
    const std::string_view bytes =
        std::string_view(stream.pending).substr(stream.pending_at, count);
    std::memcpy(into, bytes.data(), count);
    stream.digest.add(bytes);
    stream.pending_at += count;
    if (!stream.has_pending() && stream.is_done) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  void finish(Stream& stream) {
    if (!stream.is_answering) return;
    stream.is_answering = false;
    const bool complete = stream.is_done && stream.ended_cleanly;
    context_.ledger.get().finish_request(
        stream.ledger_id, {.status = stream.status,
                           .body_bytes = stream.digest.size(),
                           .is_complete = complete,
                           .sha256 = complete ? stream.digest.hex() : std::string()});
  }

  // False: the connection is over.
  bool receive() {
    std::array<char, 16384> chunk;
    while (true) {
      const std::optional<std::size_t> count = transport_.try_read(chunk);
      if (!count) return false;
      if (*count == 0) return true;
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(chunk.data());
      if (nghttp2_session_mem_recv(session_, bytes, *count) < 0) return false;
    }
  }

  // Writes every frame there is, then what had to wait behind them. False: the connection is over.
  bool flush() {
    if (limit_) transport_.limit_writes(*std::exchange(limit_, std::nullopt));
    while (true) {
      const std::uint8_t* frame = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &frame);
      if (size < 0) return false;
      if (size == 0) break;
      const char* text = reinterpret_cast<const char*>(frame);
      if (!transport_.write({text, static_cast<std::size_t>(size)})) return false;
    }
    closed_.clear();
    if (!raw_.empty() && !transport_.write(std::exchange(raw_, {}))) return false;
    if (half_close_) transport_.half_close();
    if (ending_) transport_.end(*ending_);
    return !transport_.is_over();
  }

  // True: something was handed to the session or must be flushed.
  bool advance_all() {
    bool moved = false;
    for (auto& [id, stream] : streams_) {
      if (stream->is_answering && advance(*stream)) moved = true;
    }
    return moved;
  }

  bool advance(Stream& stream) {
    bool moved = false;
    while (!stream.is_done && !stream.is_stalled && !stream.has_pending() && raw_.empty() &&
           !ending_ && steady_clock::now() >= stream.wake) {
      if (stream.next_step == stream.script.steps.size()) {
        stream.is_done = true;
        if (!stream.has_final_head) reset(stream, NGHTTP2_INTERNAL_ERROR);
      } else {
        run(stream, stream.script.steps[stream.next_step]);
      }
      moved = true;
    }
    if (moved && stream.is_deferred && (stream.has_pending() || stream.is_done)) {
      stream.is_deferred = false;
      nghttp2_session_resume_data(session_, stream.request.stream_id);
    }
    return moved;
  }

  void reset(const Stream& stream, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.request.stream_id, code);
  }

  void run(Stream& stream, const Step& step) {
    const bool wants_no_body = stream.request.method == "HEAD";
    if (step.kind == Step::Kind::repeat && !wants_no_body) return repeat(stream, step);
    ++stream.next_step;
    switch (step.kind) {
      case Step::Kind::head:
        return submit_head(stream, step);
      case Step::Kind::body:
        if (!wants_no_body) set_pending(stream, step.bytes);
        return;
      case Step::Kind::repeat:
        return;
      case Step::Kind::send:
        raw_ = step.bytes;
        return;
      case Step::Kind::wait:
        stream.wake = steady_clock::now() + step.pause;
        return;
      case Step::Kind::stall:
        stream.is_stalled = true;
        return;
      case Step::Kind::end:
        ending_ = step.ending;
        return;
      case Step::Kind::half_close:
        half_close_ = true;
        return;
      case Step::Kind::h2_reset_stream:
        return reset(stream, step.code);
      case Step::Kind::h2_goaway:
        return submit_goaway(stream, step);
      case Step::Kind::h2_settings:
        return submit_settings(step);
    }
  }

  static void set_pending(Stream& stream, std::string bytes) {
    stream.pending = std::move(bytes);
    stream.pending_at = 0;
  }

  // One round at a time when there is a pause between rounds, else as many as fill the buffer.
  static void repeat(Stream& stream, const Step& step) {
    if (stream.repeats_done == step.count) {
      stream.repeats_done = 0;
      ++stream.next_step;
      return;
    }
    std::string bytes;
    do {
      bytes += step.bytes;
      ++stream.repeats_done;
    } while (step.pause.count() == 0 && bytes.size() < kMostPendingBytes &&
             stream.repeats_done < step.count);
    set_pending(stream, std::move(bytes));
    if (step.pause.count() > 0) stream.wake = steady_clock::now() + step.pause;
  }

  void submit_head(Stream& stream, const Step& step) {
    stream.status = step.status;
    std::vector<HeaderField> fields = {{":status", std::to_string(step.status)}};
    for (const HeaderField& field : step.headers) {
      if (std::string name = lower_case(field.name); !is_connection_specific(name)) {
        fields.push_back({std::move(name), field.value});
      }
    }
    std::vector<nghttp2_nv> block;
    for (const HeaderField& field : fields) block.push_back(to_nv(field.name, field.value));
    const std::int32_t id = stream.request.stream_id;
    if (step.status < 200) {
      nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, block.data(), block.size(),
                             nullptr);
      return;
    }
    stream.has_final_head = true;
    const nghttp2_data_provider provider{.source = {.ptr = &stream}, .read_callback = read_body};
    nghttp2_submit_response(session_, id, block.data(), block.size(), &provider);
  }

  void submit_goaway(const Stream& stream, const Step& step) {
    const std::int32_t id = stream.request.stream_id;
    const std::int32_t last = step.value != 0 ? std::max(id - 2, 0) : id;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, step.code, nullptr, 0);
  }

  void submit_settings(const Step& step) {
    const nghttp2_settings_entry entry{static_cast<std::int32_t>(step.code),
                                       static_cast<std::uint32_t>(step.value)};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }

  [[nodiscard]] std::optional<milliseconds> next_wake() const {
    std::optional<milliseconds> soonest;
    for (const auto& [id, stream] : streams_) {
      if (!stream->is_answering || stream->is_done || stream->is_stalled) continue;
      if (stream->has_pending()) continue;
      const auto left = std::chrono::ceil<milliseconds>(stream->wake - steady_clock::now());
      const milliseconds wait = std::max(left, milliseconds(0));
      soonest = soonest ? std::min(*soonest, wait) : wait;
    }
    return soonest;
  }

  Transport& transport_;
  const ConnectionContext& context_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::unique_ptr<Stream>> streams_;
  // Streams closed while the session may still be inside one of their callbacks.
  std::vector<std::unique_ptr<Stream>> closed_;
  std::string raw_;
  std::optional<Ending> ending_;
  std::optional<Script::WireLimit> limit_;
  std::uint64_t requests_ = 0;
  bool half_close_ = false;
};

}  // namespace

std::string h2_frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream_id,
                     std::string_view payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>((payload.size() >> shift) & 255);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((stream_id >> shift) & 255);
  out += payload;
  return out;
}

void serve_http2(Transport& transport, const ConnectionContext& context) {
  Http2Server(transport, context).serve();
}

}  // namespace pixhaul::testing
