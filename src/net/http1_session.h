#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "net/exchange.h"
#include "net/http1.h"

namespace pixhaul::net {

/// HTTP/1.1 on one connection, one exchange after another, without I/O (RFC 9112). A response whose
/// body is not wanted is drained when little of it is left, so that the connection can be kept;
/// else it is not reusable.
class Http1Session {
 public:
  enum class State : std::uint8_t { idle, sending, reading_head, reading_body, draining, unusable };

  [[nodiscard]] State state() const { return state_; }
  /// May take another request now.
  [[nodiscard]] bool is_idle() const { return state_ == State::idle; }
  /// Will never be idle again.
  [[nodiscard]] bool is_unusable() const { return state_ == State::unusable; }
  /// The exchange under way, or null. Not owned; outlives its stay here.
  [[nodiscard]] Exchange* exchange() const { return exchange_; }

  /// REQUIRES: is_idle(). `request`: the serialised head, blank line included.
  void start(std::string_view request, Exchange& exchange);

  [[nodiscard]] std::string_view output() const { return std::string_view(request_).substr(sent_); }
  void consume_output(std::size_t count);

  /// Where the next bytes of the connection are to be read into.
  [[nodiscard]] std::span<std::byte> receive_space();
  /// `count` bytes were read into `receive_space()`.
  void received(std::size_t count);
  /// The peer closed. `orderly`: FIN, or close_notify under TLS.
  void ended(bool orderly, int os_error);
  /// Gives the exchange up; the connection is not reusable.
  void abandon() {
    exchange_ = nullptr;
    state_ = State::unusable;
  }

 private:
  void parse_head();
  void parse_body(std::size_t count);
  void parse_length_body(std::size_t count);
  void parse_chunked_body(std::size_t count);
  void body_ended(std::size_t surplus);
  void body_refused();
  void received_draining(std::size_t count);
  void finish(State next);

  State state_ = State::idle;
  Exchange* exchange_ = nullptr;
  std::string request_;
  std::size_t sent_ = 0;
  HeadParser head_parser_;
  ChunkDecoder chunk_decoder_;
  ResponseHead head_;
  Framing framing_ = Framing::none;
  bool keep_alive_ = false;
  std::uint8_t informational_count_ = 0;
  std::uint64_t body_left_ = 0;
  Buffer drain_;
};

}  // namespace pixhaul::net
