#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/exchange.h"
#include "net/http1_session.h"
#include "net/http2.h"
#include "net/network.h"
#include "net/proxy.h"
#include "net/stream.h"
#include "net/tls.h"

namespace pixhaul::net {

/// How a connection is to be set up once its socket is connected.
struct ConnectionPlan {
  std::string host{};    ///< for SNI and verification
  std::string origin{};  ///< key of the TLS session cache
  bool tls = false;
  Alpn alpn = Alpn::both;
  std::unique_ptr<ProxyHandshake> proxy{};  ///< null: none
};

/// One connection from the connected socket to its end:
///
///   proxying → handshaking → active → closed
///       └───────────┴──────────┴────────^
///
/// Passive: it owns socket, stream and session, never touches the loop, clocks or the pool. The
/// owner calls `advance()` when the socket is ready, watches what it returns, and looks at the
/// exchanges. One thread.
class Connection {
 public:
  enum class State : std::uint8_t { proxying, handshaking, active, closed };

  /// `network`, `context` and `cache` outlive it.
  Connection(Network& network, SocketId socket, ConnectionPlan plan, TlsContext& context,
             TlsSessionCache& cache);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] SocketId socket() const { return socket_; }
  [[nodiscard]] bool is_http2() const { return http2_ != nullptr; }
  /// Active and able to take one more exchange now.
  [[nodiscard]] bool can_take() const;
  /// Nothing is under way on it and it is usable.
  [[nodiscard]] bool is_idle() const;
  /// Why the set-up failed; meaningful when closed before it was ever active.
  [[nodiscard]] const Error& error() const { return error_; }
  [[nodiscard]] std::string_view tls_version() const;

  /// REQUIRES: can_take(). `http1_text` is used on HTTP/1.1, `request` on HTTP/2. `exchange` stays
  /// the caller's.
  void start(const Http2Request& request, std::string_view http1_text, Exchange& exchange);
  /// Gives one exchange up. On HTTP/1.1 the connection closes.
  void cancel(Exchange& exchange);
  /// Does what can be done now and says what it waits for. `readable`: the socket is.
  [[nodiscard]] Interest advance(bool readable, Instant now);

 private:
  [[nodiscard]] bool step_proxy();
  [[nodiscard]] bool talk_to_proxy();
  bool proxy_failed(const IoResult& io);
  [[nodiscard]] bool step_handshake();
  [[nodiscard]] Interest step_active(bool readable, Instant now);
  void become_active(bool http2);
  [[nodiscard]] bool flush();
  void read_http1();
  void read_http2(Instant now);
  void forget_finished();
  void end(IoResult why);
  void fail_setup(Error error);
  void close_now();

  Network& network_;
  SocketId socket_;
  ConnectionPlan plan_;
  TlsContext& tls_context_;
  TlsSessionCache& tls_cache_;
  State state_ = State::proxying;
  std::unique_ptr<Stream> stream_;
  TlsStream* tls_ = nullptr;  // stream_, if it is one
  Http1Session http1_;
  std::unique_ptr<Http2Session> http2_;
  std::vector<std::pair<Exchange*, std::int32_t>> streams_;  // HTTP/2: who waits on which stream
  std::string proxy_reply_;  // received from the proxy and not consumed
  Error error_;
};

[[nodiscard]] std::string_view name(Connection::State state);

}  // namespace pixhaul::net
