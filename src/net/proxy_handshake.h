#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http1.h"
#include "net/proxy.h"

namespace pixhaul::net {

/// HTTP CONNECT (RFC 9110 §9.3.6) with Basic authentication (RFC 7617).
class ConnectHandshake final : public ProxyHandshake {
 public:
  /// REQUIRES: `host` has neither blanks nor control characters (`make_handshake` sees to it).
  ConnectHandshake(const Proxy& proxy, std::string_view host, std::uint16_t port);
  [[nodiscard]] Result<bool> receive(std::string_view bytes, std::size_t& consumed) override;

 private:
  HeadParser parser_{};
};

/// SOCKS version 5 (RFC 1928) with user name and password (RFC 1929).
class Socks5Handshake final : public ProxyHandshake {
 public:
  /// REQUIRES: host, user and password of at most 255 bytes (`make_handshake` sees to it).
  Socks5Handshake(const Proxy& proxy, std::string_view host, std::uint16_t port);
  [[nodiscard]] Result<bool> receive(std::string_view bytes, std::size_t& consumed) override;

 private:
  enum class State : std::uint8_t { method, authentication, reply, done };

  [[nodiscard]] Result<std::size_t> step(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> on_method(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> on_authentication(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> on_reply(std::string_view bytes);
  void send_request();

  State state_ = State::method;
  std::string credentials_{};  // the whole message of RFC 1929; "" for none
  std::string request_{};
};

}  // namespace pixhaul::net
