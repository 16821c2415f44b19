#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "pixhaul/result.h"
#include "support/certificates.h"
#include "support/ledger.h"
#include "support/script.h"

namespace pixhaul::testing {

enum class Http2 : std::uint8_t { offered, off };

/// What happens to a connection before its first byte is read.
enum class ConnectFault : std::uint8_t { none, reset, close, stall };

struct OriginSettings {
  std::uint16_t port = 0;      ///< 0: the system's choice
  std::uint16_t tls_port = 0;  ///< the same
  bool also_ipv6 = false;      ///< also on [::1], the same two ports
  Http2 http2 = Http2::offered;
  std::uint32_t h2_max_concurrent_streams = 100;
  TlsVersions tls_versions = TlsVersions::both;
  CertificateKind certificate = CertificateKind::good;
  std::chrono::milliseconds delay{0};  ///< before every response
  std::string ledger_file{};           ///< NDJSON; "" for none
};

/// An HTTP server on 127.0.0.1 whose faults are scripted: plain HTTP/1.1 on one port, TLS with
/// HTTP/1.1 and HTTP/2 on the other. One path is one behaviour; builtin_scripts.h lists those that
/// need no code. A thread a connection; destruction ends all of them at once. Any thread may call.
class Origin {
 public:
  /// Errors: unreachable (a port is taken).
  [[nodiscard]] static Result<std::unique_ptr<Origin>> create(OriginSettings settings);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::uint16_t tls_port() const;
  /// "http://127.0.0.1:PORT" + path.
  [[nodiscard]] std::string url(std::string_view path) const;
  /// "https://localhost:PORT" + path; another host name gives https://HOST:PORT.
  [[nodiscard]] std::string tls_url(std::string_view path,
                                    std::string_view host = "localhost") const;
  /// What a client must trust, PEM.
  [[nodiscard]] const std::string& ca_pem() const;

  /// `path` (without query) gets this from now on, before any built-in.
  void serve(std::string path, Script script);
  void serve(std::string path, Behaviour behaviour);
  /// The next `count` connections, plain or TLS, meet `fault`.
  void fail_connections(ConnectFault fault, std::uint64_t count);

  [[nodiscard]] LedgerSnapshot ledger() const;
  /// The same once no request is in flight (5 s at most): a client may have its last byte before
  /// the origin has written that down.
  [[nodiscard]] LedgerSnapshot settled_ledger() const;
  void clear_ledger();

 private:
  struct State;
  explicit Origin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Origin::create for tests: a failure is a failed check.
[[nodiscard]] std::unique_ptr<Origin> make_origin(OriginSettings settings = {});

/// A port of 127.0.0.1 that nobody else gets and that refuses every connection.
class RefusingPort {
 public:
  RefusingPort();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

/// A port of 127.0.0.1 whose queue is full, so that a connect gets no answer and times out.
class SilentPort {
 public:
  SilentPort();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  UniqueFd fillers_[4];
  std::uint16_t port_ = 0;
};

}  // namespace pixhaul::testing
