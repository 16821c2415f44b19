// The steps of a connection, in protocol order: each does what it can now and says whether the next
// state was reached. Only `advance()` and what it calls assign `state_`. A read that did not fill
// its space is not repeated: the loop is level-triggered, so the one system call that would only
// say EAGAIN is saved.
#include "net/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace pixhaul::net {

namespace {

// Then the others get theirs; but what TLS holds decrypted is taken first, for the socket will not
// tell of it.
constexpr int kReadsPerTurn = 16;
constexpr std::size_t kHttp2ReadBytes = 64 * 1024;

}  // namespace

std::string_view name(Connection::State state) {
  switch (state) {
    case Connection::State::proxying:
      return "proxying";
    case Connection::State::handshaking:
      return "handshaking";
    case Connection::State::active:
      return "active";
    case Connection::State::closed:
      return "closed";
  }
  return "";
}

Connection::Connection(Network& network, SocketId socket, ConnectionPlan plan, TlsContext& context,
                       TlsSessionCache& cache)
    : network_(network),
      socket_(socket),
      plan_(std::move(plan)),
      tls_context_(context),
      tls_cache_(cache),
      stream_(std::make_unique<PlainStream>(network, socket)) {}

Connection::~Connection() { close_now(); }

void Connection::close_now() {
  state_ = State::closed;
  if (socket_ < 0) return;
  stream_.reset();
  tls_ = nullptr;
  network_.close(std::exchange(socket_, -1));
}

bool Connection::can_take() const {
  if (state_ != State::active) return false;
  return http2_ != nullptr ? http2_->can_submit() : http1_.is_idle();
}

bool Connection::is_idle() const {
  if (state_ != State::active) return false;
  return http2_ != nullptr ? streams_.empty() && http2_->can_submit() : http1_.is_idle();
}

std::string_view Connection::tls_version() const {
  return tls_ != nullptr ? tls_->version() : std::string_view();
}

void Connection::start(const Http2Request& request, std::string_view http1_text,
                       Exchange& exchange) {
  PIXHAUL_DEBUG_CHECK(can_take());
  if (http2_ == nullptr) return http1_.start(http1_text, exchange);
  auto stream = http2_->submit(request, &exchange);
  if (!stream) {
    exchange.on_failed(stream.error().code, true, stream.error().detail);
    return;
  }
  streams_.emplace_back(&exchange, *stream);
}

void Connection::cancel(Exchange& exchange) {
  if (http2_ == nullptr) {
    if (http1_.exchange() == &exchange) {
      http1_.abandon();
      close_now();
    }
    return;
  }
  for (const auto& [waiting, stream] : streams_) {
    if (waiting == &exchange) http2_->cancel(stream);
  }
  std::erase_if(streams_, [&](const auto& entry) { return entry.first == &exchange; });
  if (state_ == State::active) static_cast<void>(flush());
}

Interest Connection::advance(bool readable, Instant now) {
  for (;;) {
    switch (state_) {
      case State::proxying:
        if (!step_proxy()) return state_ == State::closed ? Interest::none : stream_->blocked_on();
        break;
      case State::handshaking:
        if (!step_handshake())
          return state_ == State::closed ? Interest::none : stream_->blocked_on();
        break;
      case State::active:
        return step_active(readable, now);
      case State::closed:
        return Interest::none;
    }
  }
}

// True when the tunnel stands, or none is wanted.
bool Connection::talk_to_proxy() {
  if (plan_.proxy == nullptr) return true;
  std::array<char, 1024> reply;
  for (;;) {
    if (const std::string_view output = plan_.proxy->output(); !output.empty()) {
      const IoResult sent = stream_->write(std::as_bytes(std::span(output)));
      if (sent.status != IoStatus::ok) return proxy_failed(sent);
      plan_.proxy->consume_output(sent.bytes);
      continue;
    }
    const IoResult got = stream_->read(std::as_writable_bytes(std::span(reply)));
    if (got.status != IoStatus::ok) return proxy_failed(got);
    proxy_reply_.append(reply.data(), got.bytes);
    std::size_t consumed = 0;
    auto done = plan_.proxy->receive(proxy_reply_, consumed);
    if (!done) {
      fail_setup(std::move(done).error());
      return false;
    }
    proxy_reply_.erase(0, consumed);
    if (!*done) continue;
    if (proxy_reply_.empty()) return true;
    // The target's server speaks only after us: whatever follows is the proxy's invention.
    fail_setup(
        {.code = ErrorCode::protocol_error, .detail = "the proxy sent more than its answer"});
    return false;
  }
}

bool Connection::proxy_failed(const IoResult& io) {
  if (io.status != IoStatus::would_block) {
    fail_setup({.code = ErrorCode::connection_reset,
                .os_error = io.os_error,
                .detail = "the proxy hung up"});
  }
  return false;
}

bool Connection::step_proxy() {
  if (!talk_to_proxy()) return false;
  if (!plan_.tls) {
    become_active(false);
    return state_ == State::active;
  }
  auto stream = TlsStream::create(tls_context_, tls_cache_, network_, socket_, plan_.host,
                                  plan_.origin, plan_.alpn);
  if (!stream) {
    fail_setup(std::move(stream).error());
    return false;
  }
  tls_ = stream->get();
  stream_ = std::move(*stream);
  state_ = State::handshaking;
  return true;
}

bool Connection::step_handshake() {
  auto done = tls_->handshake();
  if (!done) {
    fail_setup(std::move(done).error());
    return false;
  }
  if (!*done) return false;
  if (plan_.alpn == Alpn::http2 && !tls_->is_http2()) {
    fail_setup({.code = ErrorCode::protocol_error, .detail = "the server does not speak HTTP/2"});
    return false;
  }
  become_active(tls_->is_http2());
  return state_ == State::active;
}

void Connection::become_active(bool http2) {
  state_ = State::active;
  error_ = {.code = ErrorCode::connection_reset, .detail = "closed before the first request"};
  if (!http2) return;
  auto session = Http2Session::create({});
  if (!session) return fail_setup(std::move(session).error());
  http2_ = std::move(*session);
}

Interest Connection::step_active(bool readable, Instant now) {
  bool writable = flush();
  if (readable && state_ == State::active) {
    if (http2_ != nullptr) {
      read_http2(now);
    } else {
      read_http1();
    }
    if (state_ == State::active) writable = flush();
  }
  if (state_ == State::active && http2_ == nullptr && http1_.is_unusable()) close_now();
  if (state_ == State::active && http2_ != nullptr) {
    forget_finished();
    if (http2_->is_draining() && streams_.empty()) close_now();
  }
  if (state_ == State::closed) return Interest::none;
  return writable
             ? Interest::read
             : (stream_->blocked_on() == Interest::write ? Interest::read_write : Interest::read);
}

// True when nothing is left to send.
bool Connection::flush() {
  for (;;) {
    const auto output =
        http2_ != nullptr ? http2_->output() : std::as_bytes(std::span(http1_.output()));
    if (output.empty()) return true;
    const IoResult sent = stream_->write(output);
    if (sent.status == IoStatus::would_block) return false;
    if (sent.status != IoStatus::ok) {
      // The server may have answered before it hung up: what it said is read first.
      if (http2_ == nullptr && http1_.state() == Http1Session::State::sending) {
        read_http1();
        if (state_ == State::active && http1_.exchange() != nullptr) end(sent);
      } else {
        end(sent);
      }
      return true;
    }
    if (http2_ != nullptr) {
      http2_->consume_output(sent.bytes);
    } else {
      http1_.consume_output(sent.bytes);
    }
  }
}

void Connection::read_http1() {
  for (int turn = 0; turn < kReadsPerTurn || stream_->has_buffered(); ++turn) {
    const auto space = http1_.receive_space();
    const IoResult got = stream_->read(space);
    if (got.status == IoStatus::would_block) return;
    if (got.status != IoStatus::ok) return end(got);
    http1_.received(got.bytes);
    if (http1_.is_unusable()) return;
    if (got.bytes < space.size() && !stream_->has_buffered()) return;
  }
}

void Connection::read_http2(Instant now) {
  thread_local std::array<std::byte, kHttp2ReadBytes>
      space;  // shared by all connections of this loop
  for (int turn = 0; turn < kReadsPerTurn || stream_->has_buffered(); ++turn) {
    const IoResult got = stream_->read(space);
    if (got.status == IoStatus::would_block) return;
    if (got.status != IoStatus::ok) return end(got);
    if (auto taken = http2_->receive(std::span(space).first(got.bytes), now); !taken) {
      error_ = std::move(taken).error();
      static_cast<void>(flush());  // the GOAWAY that says why
      return close_now();
    }
    if (got.bytes < space.size() && !stream_->has_buffered()) return;
  }
}

// An exchange that ended by our own verdict still has a stream open: reset it, the connection
// lives on. Streams that ended by themselves are not known any more.
void Connection::forget_finished() {
  const std::size_t ended = std::erase_if(streams_, [this](const auto& entry) {
    if (!entry.first->is_finished()) return false;
    http2_->cancel(entry.second);
    return true;
  });
  if (ended > 0) static_cast<void>(flush());
}

void Connection::end(IoResult why) {
  const bool orderly =
      why.status == IoStatus::end && (tls_ == nullptr || !tls_->ended_unannounced());
  if (http2_ == nullptr) {
    http1_.ended(orderly, why.os_error);
  } else {
    http2_->fail_all(ErrorCode::connection_reset, "the HTTP/2 connection ended");
    streams_.clear();
  }
  close_now();
}

void Connection::fail_setup(Error error) {
  error_ = std::move(error);
  close_now();
}

}  // namespace pixhaul::net
