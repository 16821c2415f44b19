// What becomes of each HTTP/2 request. A stream can end in many ways, and the one distinction that
// matters most to the caller is whether the server can have acted on the request: `close` draws it.
#include "net/http2_streams.h"

#include <nghttp2/nghttp2.h>

#include <charconv>
#include <utility>

namespace pixhaul::net {

namespace {

constexpr int kMaxInformational = 10;
constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void fail(StreamReceiver*& receiver, ErrorCode code, bool unprocessed, std::string_view detail) {
  if (StreamReceiver* told = std::exchange(receiver, nullptr)) {
    told->on_failed(code, unprocessed, detail);
  }
}

}  // namespace

Http2Streams::Stream* Http2Streams::find(std::int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

bool Http2Streams::silence(std::int32_t id) {
  Stream* stream = find(id);
  if (stream == nullptr) return false;
  stream->receiver = nullptr;
  return true;
}

// ---- heads

void Http2Streams::begin_block(std::int32_t id) {
  block_.stream = find(id);
  block_.text.clear();
  block_.ranges.clear();
  block_.status = 0;
  block_.list_bytes = 0;
}

bool Http2Streams::add_field(std::string_view name, std::string_view value) {
  if (block_.stream == nullptr || block_.stream->failure != ErrorCode::success) return true;
  block_.list_bytes += name.size() + value.size() + kFieldOverhead;
  if (block_.list_bytes > header_list_bytes_ || block_.ranges.size() >= field_count_) {
    block_.stream->failure = ErrorCode::header_limit;
    return false;
  }
  if (name == ":status") {
    block_.status = parse_number<std::uint16_t>(value).value_or(0);
    return true;
  }
  if (name.starts_with(':')) return true;
  const std::size_t start = block_.text.size();
  block_.text.append(name).append(value);
  block_.ranges.push_back({start, name.size(), start + name.size(), value.size()});
  return true;
}

bool Http2Streams::end_block(std::int32_t id) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->has_head) return true;  // trailers are dropped
  // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a
  // final response". Ten is enough.
  const bool is_informational = block_.status >= 100 && block_.status < 200;
  if (is_informational && ++stream->informational_count <= kMaxInformational) return true;
  if (block_.status < 200) {  // nghttp2 lets "051" through
    stream->failure = ErrorCode::protocol_error;
    return false;
  }
  stream->has_head = true;
  deliver_head(*stream);
  return true;
}

void Http2Streams::deliver_head(Stream& stream) {
  ResponseHead& head = block_.head;
  head = {.status = block_.status,
          .framing = Framing::chunked,
          .keep_alive = true,
          .fields = std::move(head.fields)};
  head.fields.clear();
  const std::string_view text = block_.text;
  for (const HeadBlock::Range& range : block_.ranges) {
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

// ---- bodies

void Http2Streams::on_data_announced(std::int32_t id, std::size_t size) {
  if (Stream* stream = find(id)) stream->frame_bytes += size;
}

void Http2Streams::on_data(std::int32_t id, std::span<const std::byte> bytes) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->failure != ErrorCode::success) return;
  stream->body_bytes += bytes.size();
  if (stream->receiver != nullptr) stream->receiver->on_body(bytes);
}

// ---- ends

void Http2Streams::on_end_of_stream(std::int32_t id) {
  if (Stream* stream = find(id)) stream->has_ended = true;
}

void Http2Streams::on_reset_by_peer(std::int32_t id) {
  if (Stream* stream = find(id)) stream->is_reset_by_peer = true;
}

void Http2Streams::on_request_sent(std::int32_t id) {
  if (Stream* stream = find(id)) stream->is_sent = true;
}

void Http2Streams::close(std::int32_t id, std::uint32_t http2_error) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream stream = found->second;
  if (block_.stream == &found->second) block_.stream = nullptr;
  streams_.erase(found);
  if (stream.receiver != nullptr) tell_end(stream, http2_error);
}

void Http2Streams::tell_end(Stream& stream, std::uint32_t http2_error) const {
  StreamReceiver*& receiver = stream.receiver;
  if (http2_error == NGHTTP2_NO_ERROR && stream.has_head && stream.has_ended) {
    return std::exchange(receiver, nullptr)->on_end();
  }
  const std::string reason = nghttp2_http2_strerror(http2_error);
  if (stream.failure == ErrorCode::header_limit) {
    fail(receiver, stream.failure, false, "response header too large");
  } else if (stream.failure != ErrorCode::success) {
    fail(receiver, stream.failure, false, "too many informational responses or no true status");
  } else if (!stream.is_sent && !has_peer_goaway_) {
    fail(receiver, ErrorCode::protocol_error, false, "HTTP/2: connection error");
  } else if (!stream.is_sent) {
    fail(receiver, ErrorCode::connection_reset, true, "connection closing before the request");
  } else if (http2_error == NGHTTP2_REFUSED_STREAM) {
    // RFC 9113 §8.7: refused, or above the last stream of a GOAWAY: "guaranteed to not have been
    // processed".
    fail(receiver, ErrorCode::connection_reset, true, "stream refused by the server");
  } else if (stream.is_reset_by_peer) {
    fail(receiver, ErrorCode::connection_reset, false, "stream reset by the server: " + reason);
  } else if (stream.content_length && stream.frame_bytes < *stream.content_length) {
    fail(receiver, ErrorCode::truncated, false,
         std::to_string(stream.body_bytes) + " of " + std::to_string(*stream.content_length) +
             " bytes");
  } else {
    fail(receiver, ErrorCode::protocol_error, false, "HTTP/2: " + reason);
  }
}

void Http2Streams::fail_all(ErrorCode code, std::string_view detail, bool unsent_are_unprocessed) {
  for (auto& [id, stream] : std::exchange(streams_, {})) {
    fail(stream.receiver, code, unsent_are_unprocessed && !stream.is_sent, detail);
  }
}

}  // namespace pixhaul::net
