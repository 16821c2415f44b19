// The life of one HTTP/1.1 exchange: the request goes out, heads come in (at most ten of them
// informational), the body follows by whichever framing the head announced. Bytes behind the end of
// a response that nobody asked for make the connection unusable: they must never be taken for the
// next response (response splitting). Where they come with a body's end they fail it too: a length
// that is wrong in front of our eyes says nothing about where the picture ends (reliability N4).
#include "net/http1_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace pixhaul::net {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;  // one read takes most images whole
constexpr std::size_t kStreamReadBytes = 32 * 1024;
constexpr std::uint64_t kDrainBytes = 64 * 1024;  // a close costs more than reading this
constexpr std::uint8_t kInformationalLimit = 10;

}  // namespace

void Http1Session::start(std::string_view request, Exchange& exchange) {
  PIXHAUL_DEBUG_CHECK(is_idle());
  request_.assign(request);
  sent_ = 0;
  exchange_ = &exchange;
  head_parser_.reset();
  chunk_decoder_.reset();
  informational_count_ = 0;
  state_ = State::sending;
}

void Http1Session::consume_output(std::size_t count) {
  sent_ += count;
  if (sent_ == request_.size() && state_ == State::sending) state_ = State::reading_head;
}

std::span<std::byte> Http1Session::receive_space() {
  if (exchange_ == nullptr) {
    drain_.clear();
    return drain_.writable(kStreamReadBytes).first(kStreamReadBytes);
  }
  Buffer& buffer = exchange_->buffer();
  if (state_ != State::reading_body || framing_ != Framing::length)
    return buffer.writable(kReadBytes / 4);
  // One byte more than the rest of the body: a surplus shows itself in the same read, and does not
  // wait in the socket to be taken for the next response.
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, kReadBytes - 1)) + 1;
  const auto space = buffer.writable(wanted);
  return space.first(
      static_cast<std::size_t>(std::min<std::uint64_t>(body_left_ + 1, space.size())));
}

void Http1Session::received(std::size_t count) {
  if (exchange_ == nullptr) return received_draining(count);
  exchange_->buffer().commit(count);
  exchange_->note_begun();
  if (state_ == State::reading_body) return parse_body(count);
  parse_head();
}

void Http1Session::parse_head() {
  Buffer& buffer = exchange_->buffer();
  for (;;) {
    auto size = head_parser_.parse(buffer.text(), head_);
    if (!size) {
      exchange_->on_failed(size.error().code, false, size.error().detail);
      return finish(State::unusable);
    }
    if (*size == 0) return;
    if (head_.status >= 200) {
      framing_ = head_.framing;
      keep_alive_ =
          head_.keep_alive && framing_ != Framing::until_close && state_ == State::reading_head;
      body_left_ = framing_ == Framing::length ? head_.content_length.value_or(0) : 0;
      const std::size_t head_size = *size;
      const std::size_t body_size = buffer.size() - head_size;
      exchange_->on_head_in_place(head_, head_size);
      state_ = State::reading_body;
      return parse_body(body_size);
    }
    // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a
    // final response".
    if (head_.status == 101 || ++informational_count_ > kInformationalLimit) {
      exchange_->on_failed(
          ErrorCode::protocol_error, false,
          head_.status == 101 ? "unasked protocol switch" : "too many 1xx responses");
      return finish(State::unusable);
    }
    buffer.remove_prefix(*size);
    head_parser_.reset();
  }
}

// The last `count` bytes of the exchange's buffer are new and belong to the body or to what comes
// behind it.
void Http1Session::parse_body(std::size_t count) {
  if (exchange_->phase() == Exchange::Phase::failed) return body_refused();
  switch (framing_) {
    case Framing::none:
      exchange_->buffer().truncate(exchange_->buffer().size() - count);
      return body_ended(count);
    case Framing::length:
      return parse_length_body(count);
    case Framing::chunked:
      return parse_chunked_body(count);
    case Framing::until_close:
      exchange_->on_body_in_place(count);
      if (exchange_->is_finished()) finish(State::unusable);
      return;
  }
}

void Http1Session::parse_length_body(std::size_t count) {
  const std::size_t ours = static_cast<std::size_t>(std::min<std::uint64_t>(count, body_left_));
  const std::size_t surplus = count - ours;
  Buffer& buffer = exchange_->buffer();
  buffer.truncate(buffer.size() - surplus);
  body_left_ -= ours;
  exchange_->on_body_in_place(ours);
  if (exchange_->is_finished()) return surplus == 0 ? body_refused() : finish(State::unusable);
  if (body_left_ == 0) body_ended(surplus);
}

void Http1Session::parse_chunked_body(std::size_t count) {
  Buffer& buffer = exchange_->buffer();
  const std::size_t start = buffer.size() - count;
  auto step = chunk_decoder_.decode(buffer.mutable_bytes().subspan(start));
  if (!step) {
    exchange_->on_failed(step.error().code, false, step.error().detail);
    return finish(State::unusable);
  }
  buffer.truncate(start + step->produced);
  exchange_->on_body_in_place(step->produced);
  if (exchange_->is_finished()) return finish(State::unusable);
  if (step->done) body_ended(count - step->consumed);
}

void Http1Session::body_ended(std::size_t surplus) {
  if (surplus > 0 && framing_ != Framing::none) {
    exchange_->on_failed(ErrorCode::protocol_error, false, "bytes behind the end of the body");
  } else {
    exchange_->on_end();
  }
  finish(keep_alive_ && surplus == 0 ? State::idle : State::unusable);
}

// The exchange has its answer already; the rest of the body is read away or the connection given
// up.
void Http1Session::body_refused() {
  const std::size_t have =
      exchange_->buffer().size() - std::min(exchange_->buffer().size(), exchange_->body_begin());
  if (framing_ == Framing::none)
    return finish(keep_alive_ && have == 0 ? State::idle : State::unusable);
  if (framing_ == Framing::length && body_left_ == head_.content_length.value_or(0)) {
    // Refused on the head: what was read behind it counts against the body.
    if (have > body_left_) return finish(State::unusable);
    body_left_ -= have;
  }
  if (!keep_alive_ || framing_ == Framing::until_close) return finish(State::unusable);
  if (framing_ == Framing::chunked) {
    auto step = chunk_decoder_.decode(exchange_->buffer().mutable_bytes().last(have));
    if (!step || (step->done && step->consumed != have)) return finish(State::unusable);
    body_left_ = kDrainBytes;
    return finish(step->done ? State::idle : State::draining);
  }
  if (body_left_ > kDrainBytes) return finish(State::unusable);
  finish(body_left_ == 0 ? State::idle : State::draining);
}

void Http1Session::received_draining(std::size_t count) {
  drain_.commit(count);
  if (state_ != State::draining || count > body_left_) {  // bytes nobody asked for
    state_ = State::unusable;
    return;
  }
  body_left_ -= count;
  if (framing_ == Framing::length) {
    if (body_left_ == 0) state_ = State::idle;
    return;
  }
  auto step = chunk_decoder_.decode(drain_.mutable_bytes());
  if (!step || (step->done && step->consumed != count) || (!step->done && body_left_ == 0)) {
    state_ = State::unusable;
  } else if (step->done) {
    state_ = State::idle;
  }
}

void Http1Session::ended(bool orderly, int os_error) {
  if (exchange_ != nullptr) {
    if (state_ == State::reading_body && framing_ == Framing::until_close && orderly) {
      exchange_->on_end();
    } else if (state_ == State::reading_body) {
      exchange_->on_failed(
          ErrorCode::truncated, false,
          fmt::format("connection ended after {} body bytes", exchange_->wire_bytes()));
    } else {
      exchange_->on_failed(ErrorCode::connection_reset, false,
                           os_error != 0 ? "connection reset before the response"
                                         : "connection closed before the response");
    }
  }
  finish(State::unusable);
}

void Http1Session::finish(State next) {
  exchange_ = nullptr;
  state_ = next;
}

}  // namespace pixhaul::net
