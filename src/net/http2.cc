// HTTP/2 for downloads: GET only, no push, no priorities. libnghttp2 does framing, HPACK, flow
// control and the checks of RFC 9113 §8; this file turns its callbacks into calls of Http2Streams
// and bounds what a server may make us do for nothing.
//
// Windows are large (1 MiB a stream) and nghttp2 opens them again at half, so an ordinary image
// costs no WINDOW_UPDATE of its own. Frames to be sent are gathered into one buffer: one write for
// many requests.

#include "net/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/check.h"
#include "net/http2_streams.h"

namespace pixhaul::net {
namespace {

constexpr std::uint32_t kStreamsBeforeSettings = 100;  // RFC 9113 §6.5.2 recommends no less
constexpr std::size_t kOutboundAcks = 200;             // above the burst of control frames
constexpr std::size_t kSettingsEntries = 32;

struct Deleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
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
  explicit Engine(const Http2Settings& with)
      : settings(with),
        streams(with.header_list_bytes, with.field_count),
        tokens(with.control_frame_burst) {}

  Http2Settings settings;
  std::unique_ptr<nghttp2_session, Deleter> session{};
  Http2Streams streams;
  Buffer output{};
  std::size_t output_consumed = 0;
  bool has_peer_settings = false;
  bool has_sent_goaway = false;  // only nghttp2 sends one, when the peer broke a rule
  bool is_dead = false;
  double tokens;
  Instant tokens_at{};
  const char* violation = nullptr;  // why a callback stopped the session

  void refill(Instant now);
  bool spend_token();
  [[nodiscard]] bool is_control(const nghttp2_frame_hd& frame) const;
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
bool Engine::is_control(const nghttp2_frame_hd& frame) const {
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
  streams.fail_all(code, detail, unsent_are_unprocessed);
  return {.code = code, .detail = std::move(detail)};
}

// ---- what nghttp2 calls: C, so no exception leaves (noexcept)

bool ends_stream(const nghttp2_frame_hd& frame) {
  return (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

Engine& engine_of(void* user_data) { return *static_cast<Engine*>(user_data); }

int stop(Engine& engine, const char* violation) {
  engine.violation = violation;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  if (frame->type == NGHTTP2_DATA)
    engine.streams.on_data_announced(frame->stream_id, frame->length);
  if (!engine.is_control(*frame) || engine.spend_token()) return 0;
  return stop(engine, "flood of control frames");
}

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
  engine_of(user_data).streams.begin_block(frame->hd.stream_id);
  return 0;
}

int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t, void* user_data) noexcept {
  const bool fits =
      engine_of(user_data).streams.add_field(view(name, name_size), view(value, value_size));
  return fits ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream, no more
}

int on_headers_received(Engine& engine, const nghttp2_frame& frame) {
  const std::int32_t id = frame.hd.stream_id;
  if (ends_stream(frame.hd)) engine.streams.on_end_of_stream(id);
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST || engine.streams.end_block(id)) return 0;
  return nghttp2_submit_rst_stream(engine.session.get(), NGHTTP2_FLAG_NONE, id,
                                   NGHTTP2_ENHANCE_YOUR_CALM);
}

int on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      return on_headers_received(engine, *frame);
    case NGHTTP2_GOAWAY:
      engine.streams.on_goaway();
      return 0;
    case NGHTTP2_SETTINGS:
      engine.has_peer_settings = true;
      return 0;
    case NGHTTP2_DATA:
      if (ends_stream(frame->hd)) engine.streams.on_end_of_stream(frame->hd.stream_id);
      return 0;
    case NGHTTP2_RST_STREAM:
      engine.streams.on_reset_by_peer(frame->hd.stream_id);
      return 0;
    default:
      return 0;
  }
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
            std::size_t size, void* user_data) noexcept {
  engine_of(user_data).streams.on_data(id, std::as_bytes(std::span(bytes, size)));
  return 0;
}

int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error,
                    void* user_data) noexcept {
  engine_of(user_data).streams.close(id, error);
  return 0;
}

int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
  Engine& engine = engine_of(user_data);
  if (frame->hd.type == NGHTTP2_GOAWAY) engine.has_sent_goaway = true;
  if (frame->hd.type == NGHTTP2_HEADERS) engine.streams.on_request_sent(frame->hd.stream_id);
  return 0;
}

int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user_data) noexcept {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  engine_of(user_data).streams.close(frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
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
  impl_->streams.add(id, receiver);
  return id;
}

void Http2Session::cancel(std::int32_t stream) {
  if (!impl_->streams.silence(stream)) return;
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
