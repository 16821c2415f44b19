// HTTP/2 for downloads: GET only, no push, no priorities. libnghttp2 does framing, HPACK, flow
// control and the checks of RFC 9113 §8; this file turns its callbacks into StreamReceiver calls,
// bounds what a server may make us do for nothing, and names what went wrong.
//
// Windows are large (1 MiB a stream) and nghttp2 opens them again at half, so an ordinary image
// costs no WINDOW_UPDATE of its own. Frames to be sent are gathered into one buffer: one write for
// many requests.

#include "net/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/check.h"

namespace pixhaul::net {
namespace {

constexpr int kMaxInformational = 10;
constexpr std::uint32_t kStreamsBeforeSettings = 100;  // RFC 9113 §6.5.2 recommends no less
constexpr std::size_t kOutboundAcks = 200;             // above the burst of control frames
constexpr std::size_t kSettingsEntries = 32;
constexpr std::size_t kFieldOverhead = 32;

struct Deleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

struct Stream {
  StreamReceiver* receiver = nullptr;  // not owned; null once it has been told the end
  bool is_sent = false;
  bool has_head = false;
  bool has_ended = false;  // END_STREAM came
  bool is_reset_by_peer = false;
  int informational_count = 0;
  std::optional<std::uint64_t> content_length{};
  std::uint64_t body_bytes = 0;  // handed on
  std::uint64_t frame_bytes =
      0;  // announced by DATA frames; nghttp2 hands on none beyond the length
  ErrorCode failure = ErrorCode::success;  // ours; decided before nghttp2 closes the stream
};

// One header block; blocks never interleave (RFC 9113 §4.3), so one of these serves the connection.
struct HeadBlock {
  struct Range {
    std::size_t name = 0, name_size = 0, value = 0, value_size = 0;
  };
  Stream* stream = nullptr;
  std::string text{};
  std::vector<Range> ranges{};
  std::uint16_t status = 0;
  std::size_t list_bytes = 0;
  ResponseHead head{};

  void begin(Stream* of) {
    stream = of;
    text.clear();
    ranges.clear();
    status = 0;
    list_bytes = 0;
  }
};

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  // nghttp2 takes pointers to non-const and copies what they point to.
  const auto* name_bytes = reinterpret_cast<const std::uint8_t*>(name.data());
  const auto* value_bytes = reinterpret_cast<const std::uint8_t*>(value.data());
  // RFC 7541 §7.1.3: credentials are never indexed.
  const bool is_secret = name == "authorization" || name == "cookie";
  const nghttp2_nv_flag flag = is_secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  return {.name = const_cast<std::uint8_t*>(name_bytes),
          .value = const_cast<std::uint8_t*>(value_bytes),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = static_cast<std::uint8_t>(flag)};
}

// The session's state, within reach of the callbacks.
struct Engine {
  explicit Engine(const Http2Settings& with) : settings(with), tokens(with.control_frame_burst) {}

  Http2Settings settings;
  std::unique_ptr<nghttp2_session, Deleter> session{};
  std::unordered_map<std::int32_t, Stream> streams{};
  HeadBlock block{};
  Buffer output{};
  std::size_t output_consumed = 0;
  bool has_peer_settings = false;
  bool has_peer_goaway = false;
  bool has_sent_goaway = false;  // only nghttp2 sends one, when the peer broke a rule
  bool is_dead = false;
  double tokens;
  Instant tokens_at{};
  const char* violation = nullptr;  // why a callback stopped the session

  Stream* find(std::int32_t id) {
    const auto found = streams.find(id);
    return found == streams.end() ? nullptr : &found->second;
  }
  void refill(Instant now);
  bool spend_token();
  bool is_control(const nghttp2_frame_hd& frame);
  int add_field(std::string_view name, std::string_view value);
  int finish_head(std::int32_t id, const nghttp2_headers& headers, std::uint8_t flags);
  void deliver_head();
  void finish_stream(std::int32_t id, std::uint32_t error);
  void fail(Stream& stream, ErrorCode code, bool unprocessed, std::string_view detail);
  void pump();
  Error lose(ErrorCode code, std::string detail, bool unsent_are_unprocessed);
};

void Engine::refill(Instant now) {
  if (tokens_at != Instant{}) {
    const double seconds = std::chrono::duration<double>(now - tokens_at).count();
    tokens = std::min(settings.control_frame_burst,
                      tokens + std::max(seconds, 0.0) * settings.control_frames_per_second);
  }
  tokens_at = now;
}

bool Engine::spend_token() {
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

// Whether a frame brings no response any nearer (the floods of CVE-2019-9511 to 9518 consist of
// these).
bool Engine::is_control(const nghttp2_frame_hd& frame) {
  const bool ends_stream = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.type) {
    case NGHTTP2_DATA:
      return frame.length == 0 && !ends_stream;
    case NGHTTP2_HEADERS:
    case NGHTTP2_RST_STREAM:
      return !streams.contains(frame.stream_id);
    case NGHTTP2_CONTINUATION:  // nghttp2 allows eight a block
      return false;
    default:
      return true;
  }
}

int Engine::add_field(std::string_view name, std::string_view value) {
  if (block.stream == nullptr || block.stream->failure != ErrorCode::success) return 0;
  block.list_bytes += name.size() + value.size() + kFieldOverhead;
  if (block.list_bytes > settings.header_list_bytes ||
      block.ranges.size() >= settings.field_count) {
    block.stream->failure = ErrorCode::header_limit;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets this stream; the connection goes on
  }
  if (name == ":status") {
    block.status = parse_number<std::uint16_t>(value).value_or(0);
    return 0;
  }
  if (name.starts_with(':')) return 0;
  const std::size_t start = block.text.size();
  block.text.append(name).append(value);
  block.ranges.push_back({start, name.size(), start + name.size(), value.size()});
  return 0;
}

int Engine::finish_head(std::int32_t id, const nghttp2_headers& headers, std::uint8_t flags) {
  Stream* stream = find(id);
  if (stream == nullptr) return 0;
  stream->has_ended = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (stream->has_head || headers.cat == NGHTTP2_HCAT_REQUEST) return 0;  // trailers are dropped
  // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a
  // final response". Ten is enough.
  const bool is_informational = block.status >= 100 && block.status < 200;
  if (is_informational && ++stream->informational_count <= kMaxInformational) return 0;
  if (block.status < 200) {  // nghttp2 lets "051" through
    stream->failure = ErrorCode::protocol_error;
    return nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, id,
                                     NGHTTP2_ENHANCE_YOUR_CALM);
  }
  stream->has_head = true;
  deliver_head();
  return 0;
}

void Engine::deliver_head() {
  Stream& stream = *block.stream;
  ResponseHead& head = block.head;
  head = {.status = block.status,
          .framing = Framing::chunked,
          .keep_alive = true,
          .fields = std::move(head.fields)};
  head.fields.clear();
  const std::string_view text = block.text;
  for (const HeadBlock::Range& range : block.ranges) {
    const Field field{text.substr(range.name, range.name_size),
                      text.substr(range.value, range.value_size)};
    if (field.name == "content-length")
      head.content_length = parse_number<std::uint64_t>(field.value);
    head.fields.push_back(field);
  }
  if (head.content_length) head.framing = Framing::length;
  if (head.status == 204 || head.status == 304) head.framing = Framing::none;
  if (head.framing == Framing::length) stream.content_length = head.content_length;
  if (stream.receiver != nullptr) stream.receiver->on_head(head);
}

void Engine::fail(Stream& stream, ErrorCode code, bool unprocessed, std::string_view detail) {
  if (StreamReceiver* receiver = std::exchange(stream.receiver, nullptr)) {
    receiver->on_failed(code, unprocessed, detail);
  }
}

void Engine::finish_stream(std::int32_t id, std::uint32_t error) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  Stream stream = found->second;
  if (block.stream == &found->second) block.stream = nullptr;
  streams.erase(found);
  if (stream.receiver == nullptr) return;
  if (error == NGHTTP2_NO_ERROR && stream.has_head && stream.has_ended) {
    std::exchange(stream.receiver, nullptr)->on_end();
    return;
  }
  const std::string reason = nghttp2_http2_strerror(error);
  if (stream.failure == ErrorCode::header_limit) {
    fail(stream, stream.failure, false, "response header too large");
  } else if (stream.failure != ErrorCode::success) {
    fail(stream, stream.failure, false, "too many informational responses or no true status");
  } else if (!stream.is_sent && !has_peer_goaway) {
    fail(stream, ErrorCode::protocol_error, false, "HTTP/2: connection error");
  } else if (!stream.is_sent) {
    fail(stream, ErrorCode::connection_reset, true, "connection closing before the request");
  } else if (error == NGHTTP2_REFUSED_STREAM) {
    // RFC 9113 §8.7: refused, or above the last stream of a GOAWAY: "guaranteed to not have been
    // processed".
    fail(stream, ErrorCode::connection_reset, true, "stream refused by the server");
  } else if (stream.is_reset_by_peer) {
    fail(stream, ErrorCode::connection_reset, false, "stream reset by the server: " + reason);
  } else if (stream.content_length && stream.frame_bytes < *stream.content_length) {
    fail(stream, ErrorCode::truncated, false,
         std::to_string(stream.body_bytes) + " of " + std::to_string(*stream.content_length) +
             " bytes");
  } else {
    fail(stream, ErrorCode::protocol_error, false, "HTTP/2: " + reason);
  }
}

void Engine::pump() {
  if (output_consumed > 0 && output_consumed == output.size()) {
    output.clear();
    output_consumed = 0;
  }
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session.get(), &bytes);
    if (size <= 0) return;  // < 0: out of memory; the next receive() fails the same way
    output.append(view(bytes, static_cast<std::size_t>(size)));
  }
}

Error Engine::lose(ErrorCode code, std::string detail, bool unsent_are_unprocessed) {
  is_dead = true;
  for (auto& [id, stream] : std::exchange(streams, {})) {
    fail(stream, code, unsent_are_unprocessed && !stream.is_sent, detail);
  }
  return {.code = code, .detail = std::move(detail)};
}

// ---- what nghttp2 calls: C, so no exception leaves (noexcept)
// -------------------------------------

Engine& engine_of(void* user_data) { return *static_cast<Engine*>(user_data); }

int stop(Engine& engine, const char* violation) {
  engine.violation = violation;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  if (frame->type == NGHTTP2_DATA) {
    if (Stream* stream = engine.find(frame->stream_id)) stream->frame_bytes += frame->length;
  }
  if (!engine.is_control(*frame) || engine.spend_token()) return 0;
  return stop(engine, "flood of control frames");
}

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  engine.block.begin(engine.find(frame->hd.stream_id));
  return 0;
}

int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t, void* user_data) noexcept {
  return engine_of(user_data).add_field(view(name, name_size), view(value, value_size));
}

int on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      return engine.finish_head(frame->hd.stream_id, frame->headers, frame->hd.flags);
    case NGHTTP2_GOAWAY:
      engine.has_peer_goaway = true;
      return 0;
    case NGHTTP2_SETTINGS:
      engine.has_peer_settings = true;
      return 0;
    case NGHTTP2_DATA:
      if (Stream* stream = engine.find(frame->hd.stream_id)) {
        stream->has_ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      }
      return 0;
    case NGHTTP2_RST_STREAM:
      if (Stream* stream = engine.find(frame->hd.stream_id)) stream->is_reset_by_peer = true;
      return 0;
    default:
      return 0;
  }
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
            std::size_t size, void* user_data) noexcept {
  Stream* stream = engine_of(user_data).find(id);
  if (stream == nullptr || stream->failure != ErrorCode::success) return 0;
  stream->body_bytes += size;
  if (stream->receiver != nullptr) stream->receiver->on_body(std::as_bytes(std::span(bytes, size)));
  return 0;
}

int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error,
                    void* user_data) noexcept {
  engine_of(user_data).finish_stream(id, error);
  return 0;
}

int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  if (frame->hd.type == NGHTTP2_GOAWAY) engine.has_sent_goaway = true;
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (Stream* stream = engine.find(frame->hd.stream_id)) stream->is_sent = true;
  return 0;
}

int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user_data) noexcept {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  engine_of(user_data).finish_stream(frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
  return 0;
}

int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int error, void* user_data) noexcept {
  engine_of(user_data).violation = nghttp2_strerror(error);
  return 0;
}

std::unique_ptr<nghttp2_session_callbacks, Deleter> make_callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) return nullptr;
  nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(made, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_sent);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
  return std::unique_ptr<nghttp2_session_callbacks, Deleter>(made);
}

std::unique_ptr<nghttp2_option, Deleter> make_option() {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0) return nullptr;
  nghttp2_option_set_peer_max_concurrent_streams(made, kStreamsBeforeSettings);
  nghttp2_option_set_max_settings(made, kSettingsEntries);
  nghttp2_option_set_max_outbound_ack(made, kOutboundAcks);
  nghttp2_option_set_no_closed_streams(made, 1);
  return std::unique_ptr<nghttp2_option, Deleter>(made);
}

bool send_settings(nghttp2_session* session, const Http2Settings& settings) {
  const std::array<nghttp2_settings_entry, 3> entries = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.header_list_bytes},
  }};
  return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) == 0 &&
         nghttp2_session_set_local_window_size(
             session, NGHTTP2_FLAG_NONE, 0,
             static_cast<std::int32_t>(settings.connection_window_bytes)) == 0;
}

}  // namespace

// ---- the session
// ----------------------------------------------------------------------------------

struct Http2Session::Impl : Engine {
  using Engine::Engine;
};

Http2Session::Http2Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Http2Session::~Http2Session() = default;

Result<std::unique_ptr<Http2Session>> Http2Session::create(const Http2Settings& settings) {
  auto impl = std::make_unique<Impl>(settings);
  const auto callbacks = make_callbacks();
  const auto option = make_option();
  nghttp2_session* made = nullptr;
  Engine* engine = impl.get();
  if (callbacks == nullptr || option == nullptr ||
      nghttp2_session_client_new2(&made, callbacks.get(), engine, option.get()) != 0) {
    return std::unexpected(Error{.code = ErrorCode::internal, .detail = "create HTTP/2 session"});
  }
  impl->session.reset(made);
  if (!send_settings(made, settings)) {
    return std::unexpected(Error{.code = ErrorCode::internal, .detail = "set HTTP/2 windows"});
  }
  return std::unique_ptr<Http2Session>(new Http2Session(std::move(impl)));
}

Result<std::int32_t> Http2Session::submit(const Http2Request& request, StreamReceiver* receiver) {
  PIXHAUL_DEBUG_CHECK(can_submit());
  std::vector<nghttp2_nv> fields = {
      name_value(":method", "GET"),
      name_value(":scheme", request.scheme),
      name_value(":authority", request.authority),
      name_value(":path", request.path),
  };
  for (const Field& field : request.fields) fields.push_back(name_value(field.name, field.value));
  const std::int32_t id = nghttp2_submit_request(impl_->session.get(), nullptr, fields.data(),
                                                 fields.size(), nullptr, nullptr);
  if (id < 0) {
    return std::unexpected(
        Error{.code = ErrorCode::protocol_error, .detail = nghttp2_strerror(id)});
  }
  impl_->streams[id] = {.receiver = receiver};
  return id;
}

void Http2Session::cancel(std::int32_t stream) {
  Stream* found = impl_->find(stream);
  if (found == nullptr) return;
  found->receiver = nullptr;
  nghttp2_submit_rst_stream(impl_->session.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

Result<> Http2Session::receive(std::span<const std::byte> bytes, Instant now) {
  if (impl_->is_dead) {
    return std::unexpected(
        Error{.code = ErrorCode::protocol_error, .detail = "HTTP/2: connection was given up"});
  }
  impl_->refill(now);
  impl_->violation = nullptr;
  nghttp2_session* session = impl_->session.get();
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const ssize_t taken = nghttp2_session_mem_recv(session, data, bytes.size());
  impl_->pump();
  if (taken >= 0 && !impl_->has_sent_goaway) return {};
  const char* reason = impl_->violation;
  if (reason == nullptr) {
    reason = taken < 0 ? nghttp2_strerror(static_cast<int>(taken)) : "connection error";
  }
  return std::unexpected(
      impl_->lose(ErrorCode::protocol_error, std::string("HTTP/2: ") + reason, false));
}

std::span<const std::byte> Http2Session::output() {
  if (!impl_->is_dead) impl_->pump();
  return impl_->output.bytes().subspan(impl_->output_consumed);
}

void Http2Session::consume_output(std::size_t count) {
  PIXHAUL_CHECK(count <= impl_->output.size() - impl_->output_consumed);
  impl_->output_consumed += count;
}

void Http2Session::fail_all(ErrorCode code, std::string_view detail) {
  (void)impl_->lose(code, std::string(detail), true);
}

bool Http2Session::can_submit() const {
  if (is_draining()) return false;
  const std::uint32_t limit =
      impl_->has_peer_settings ? nghttp2_session_get_remote_settings(
                                     impl_->session.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                               : kStreamsBeforeSettings;
  return impl_->streams.size() < limit;
}

bool Http2Session::is_draining() const {
  return impl_->is_dead || nghttp2_session_check_request_allowed(impl_->session.get()) == 0;
}

std::size_t Http2Session::active_streams() const { return impl_->streams.size(); }

}  // namespace pixhaul::net
