#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul::net {

enum class ProxyKind : std::uint8_t {
  http,    // CONNECT, https too
  socks5,  // names are resolved here
  socks5h  // … by the proxy
};

/// One proxy.
struct Proxy {
  ProxyKind kind = ProxyKind::http;
  std::string host{};  ///< lower case, IPv6 without brackets
  std::uint16_t port = 0;
  std::string user{};  ///< percent-decoded; "" for none
  std::string password{};
};

/// `[http://|socks5://|socks5h://][user:password@]host[:port]`, port 1080 unless given, as curl has
/// it. Errors: bad_option (detail never shows user or password).
[[nodiscard]] Result<Proxy> parse_proxy(std::string_view text);

/// The variables, as they are; "" when unset.
struct ProxyEnvironment {
  std::string http_proxy{};
  std::string https_proxy{};
  std::string all_proxy{};
  std::string no_proxy{};
};

/// Reads the process's environment. `http_proxy` in lower case only: HTTP_PROXY may be a header of
/// a CGI request
/// ("httpoxy", CVE-2016-5385). Of the others the lower-case one wins.
[[nodiscard]] ProxyEnvironment proxy_environment();

/// Which URL goes through which proxy. Immutable; any thread.
class ProxySettings {
 public:
  /// `option`: the text of --proxy; "" for the environment's, "none" for no proxy at all.
  /// `no_proxy` holds for both. Errors: bad_option.
  [[nodiscard]] static Result<ProxySettings> create(std::string_view option,
                                                    const ProxyEnvironment& environment);

  /// The proxy for a URL, null for none; valid as long as these settings. `scheme`: "http" or
  /// "https"; `host`: canonical, IPv6 with or without brackets.
  [[nodiscard]] const Proxy* choose(std::string_view scheme, std::string_view host,
                                    std::uint16_t port) const;

 private:
  std::optional<Proxy> http_{};
  std::optional<Proxy> https_{};
  std::vector<std::string> exceptions_{};
};

/// The bytes exchanged with a proxy before the connection is the target's; no I/O. One thread.
class ProxyHandshake {
 public:
  virtual ~ProxyHandshake() = default;

  /// What waits to be sent; valid until the next call that changes anything.
  [[nodiscard]] std::string_view output() const { return std::string_view(output_).substr(sent_); }
  /// The first `count` bytes of `output()` were sent.
  void consume_output(std::size_t count) { sent_ += count; }
  /// `bytes`: all that was received and not consumed yet. True when the tunnel stands; bytes behind
  /// `consumed` are the target's. Errors: protocol_error, header_limit, connect_refused (the proxy
  /// says no), unreachable and connect_timeout (the proxy could not reach the target).
  [[nodiscard]] virtual Result<bool> receive(std::string_view bytes, std::size_t& consumed) = 0;

 protected:
  void send(std::string_view text) {
    output_.erase(0, sent_);
    sent_ = 0;
    output_ += text;
  }

 private:
  std::string output_{};
  std::size_t sent_ = 0;
};

/// The handshake that `proxy` wants for a tunnel to `host` (a name or an address, IPv6 without
/// brackets). Errors: bad_option (name, user or password too long for SOCKS5, or unfit for a
/// header).
[[nodiscard]] Result<std::unique_ptr<ProxyHandshake>> make_handshake(const Proxy& proxy,
                                                                     std::string_view host,
                                                                     std::uint16_t port);

}  // namespace pixhaul::net
