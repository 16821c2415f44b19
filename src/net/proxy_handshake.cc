#include "net/proxy_handshake.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

// What is said to a proxy before the connection is ours. A proxy that cannot reach the target
// reports what we would have seen ourselves, so its answers become the statuses of a connect of our
// own.

namespace pixhaul::net {

namespace {

constexpr std::size_t kMaxSocksText = 255;

std::unexpected<Error> failed(ErrorCode code, std::string detail) {
  return std::unexpected(Error{.code = code, .detail = std::move(detail)});
}

// RFC 4648 §4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

ErrorCode code_of_connect_status(std::uint16_t status) {
  switch (status) {
    case 502:
    case 503:
      return ErrorCode::unreachable;
    case 504:
      return ErrorCode::connect_timeout;
    default:
      return ErrorCode::connect_refused;
  }
}

struct SocksReply {
  ErrorCode code;
  std::string_view meaning;
};
// RFC 1928 §6, REP 1 to 8.
constexpr std::array<SocksReply, 8> kSocksReplies = {
    {{ErrorCode::unreachable, "general failure"},
     {ErrorCode::connect_refused, "not allowed by ruleset"},
     {ErrorCode::unreachable, "network unreachable"},
     {ErrorCode::unreachable, "host unreachable"},
     {ErrorCode::connect_refused, "connection refused"},
     {ErrorCode::connect_timeout, "TTL expired"},
     {ErrorCode::protocol_error, "command not supported"},
     {ErrorCode::protocol_error, "address type not supported"}}};

void append_byte(std::string& out, std::size_t value) { out += static_cast<char>(value); }

// RFC 1928 §4: VER CMD RSV ATYP DST.ADDR DST.PORT.
std::string socks_request(std::string_view host, std::uint16_t port) {
  std::string out("\x05\x01\x00", 3);
  const std::string terminated(host);
  std::array<char, 16> octets{};
  if (inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1) {
    append_byte(out, 1);
    out.append(octets.data(), 4);
  } else if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) {
    append_byte(out, 4);
    out.append(octets.data(), 16);
  } else {
    append_byte(out, 3);
    append_byte(out, host.size());
    out.append(host);
  }
  append_byte(out, port >> 8);
  append_byte(out, port & 0xff);
  return out;
}

}  // namespace

Result<std::unique_ptr<ProxyHandshake>> make_handshake(const Proxy& proxy, std::string_view host,
                                                       std::uint16_t port) {
  const auto is_unfit = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (host.empty() || host.size() > kMaxSocksText || std::ranges::any_of(host, is_unfit)) {
    return failed(ErrorCode::bad_option, "proxy: the target's name is empty, too long or unfit");
  }
  if (proxy.kind == ProxyKind::http) return std::make_unique<ConnectHandshake>(proxy, host, port);
  if (proxy.user.size() > kMaxSocksText || proxy.password.size() > kMaxSocksText) {
    return failed(ErrorCode::bad_option, "proxy: user or password longer than 255 bytes");
  }
  return std::make_unique<Socks5Handshake>(proxy, host, port);
}

ConnectHandshake::ConnectHandshake(const Proxy& proxy, std::string_view host, std::uint16_t port) {
  const bool needs_brackets = host.find(':') != std::string_view::npos;
  const std::string authority =
      needs_brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
  if (!proxy.user.empty() || !proxy.password.empty()) {
    request +=
        fmt::format("Proxy-Authorization: Basic {}\r\n", base64(proxy.user + ":" + proxy.password));
  }
  send(request + "\r\n");
}

// RFC 9110 §9.3.6: "Any 2xx response indicates that the sender will switch to tunnel mode
// immediately after the response header section"; whatever it says of a length is to be ignored.
Result<bool> ConnectHandshake::receive(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (true) {
    ResponseHead head;
    Result<std::size_t> length = parser_.parse(bytes.substr(consumed), head);
    if (!length) {
      return failed(length.error().code, "proxy: " + length.error().detail);
    }
    if (*length == 0) return false;
    consumed += *length;
    parser_.reset();
    if (head.status >= 300) {
      return failed(code_of_connect_status(head.status),
                    fmt::format("proxy answered CONNECT with {} {}", head.status,
                                head.reason.substr(0, 100)));
    }
    if (head.status >= 200) return true;
  }
}

Socks5Handshake::Socks5Handshake(const Proxy& proxy, std::string_view host, std::uint16_t port)
    : request_(socks_request(host, port)) {
  if (proxy.user.empty() && proxy.password.empty()) {
    send(std::string("\x05\x01\x00", 3));
    return;
  }
  // RFC 1929 §2: VER ULEN UNAME PLEN PASSWD.
  append_byte(credentials_, 1);
  append_byte(credentials_, proxy.user.size());
  credentials_ += proxy.user;
  append_byte(credentials_, proxy.password.size());
  credentials_ += proxy.password;
  send(std::string("\x05\x02\x00\x02", 4));
}

void Socks5Handshake::send_request() {
  send(request_);
  state_ = State::reply;
}

Result<bool> Socks5Handshake::receive(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (state_ != State::done) {
    Result<std::size_t> taken = step(bytes.substr(consumed));
    if (!taken) return std::unexpected(std::move(taken).error());
    if (*taken == 0) return false;
    consumed += *taken;
  }
  return true;
}

Result<std::size_t> Socks5Handshake::step(std::string_view bytes) {
  switch (state_) {
    case State::method:
      return on_method(bytes);
    case State::authentication:
      return on_authentication(bytes);
    case State::reply:
      return on_reply(bytes);
    case State::done:
      break;
  }
  return 0;
}

// RFC 1928 §3: VER METHOD.
Result<std::size_t> Socks5Handshake::on_method(std::string_view bytes) {
  if (!bytes.empty() && bytes[0] != '\x05')
    return failed(ErrorCode::protocol_error, "proxy: not SOCKS5");
  if (bytes.size() < 2) return 0;
  if (bytes[1] == '\x00') {
    send_request();
  } else if (bytes[1] == '\x02' && !credentials_.empty()) {
    send(credentials_);
    state_ = State::authentication;
  } else {
    return failed(ErrorCode::connect_refused, "proxy: wants another way of authentication");
  }
  return 2;
}

// RFC 1929 §2: VER STATUS.
Result<std::size_t> Socks5Handshake::on_authentication(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  if (bytes[0] != '\x01')
    return failed(ErrorCode::protocol_error, "proxy: malformed SOCKS5 authentication");
  if (bytes[1] != '\x00')
    return failed(ErrorCode::connect_refused, "proxy: user or password refused");
  send_request();
  return 2;
}

// RFC 1928 §6: VER REP RSV ATYP BND.ADDR BND.PORT.
Result<std::size_t> Socks5Handshake::on_reply(std::string_view bytes) {
  if (!bytes.empty() && bytes[0] != '\x05')
    return failed(ErrorCode::protocol_error, "proxy: not SOCKS5");
  if (bytes.size() < 2) return 0;
  const std::size_t reply = static_cast<unsigned char>(bytes[1]);
  if (reply > kSocksReplies.size())
    return failed(ErrorCode::protocol_error, "proxy: unknown SOCKS5 reply");
  if (reply != 0) {
    return failed(kSocksReplies[reply - 1].code,
                  fmt::format("proxy: {}", kSocksReplies[reply - 1].meaning));
  }
  if (bytes.size() < 5) return 0;
  std::size_t address_bytes = 0;
  switch (bytes[3]) {
    case 1:
      address_bytes = 4;
      break;
    case 3:
      address_bytes = 1u + static_cast<unsigned char>(bytes[4]);
      break;
    case 4:
      address_bytes = 16;
      break;
    default:
      return failed(ErrorCode::protocol_error, "proxy: malformed SOCKS5 reply");
  }
  const std::size_t length = 4 + address_bytes + 2;
  if (bytes.size() < length) return 0;
  state_ = State::done;
  return length;
}

}  // namespace pixhaul::net
