#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "net/tls_session_cache.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

struct TlsSettings {
  bool verify = true;
  std::string ca_file{};  ///< "": SSL_CERT_FILE, SSL_CERT_DIR or the system's store
};

/// What every TLS connection of a run shares: one SSL_CTX, the CA store loaded once and only when
/// the first connection needs it. Any thread.
class TlsContext {
 public:
  explicit TlsContext(TlsSettings settings);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  struct State;
  /// Loads on first use. Errors: input_unreadable (the CA file), tls_handshake.
  [[nodiscard]] Result<State*> state();

 private:
  TlsSettings settings_;
  std::unique_ptr<State> state_;
};

/// Which protocols are offered by ALPN (RFC 7301).
enum class Alpn : std::uint8_t { http1, http2, both };

/// A TLS client over a Network's socket. Verification of chain and name (RFC 6125, SNI RFC 6066)
/// unless the context says otherwise; TLS 1.2 and 1.3.
class TlsStream final : public Stream {
 public:
  /// `host`: canonical, brackets and all for IPv6 literals. `cache` (not owned) outlives the
  /// stream.
  [[nodiscard]] static Result<std::unique_ptr<TlsStream>> create(
      TlsContext& context, TlsSessionCache& cache, Network& network, SocketId socket,
      std::string_view host, std::string_view origin, Alpn alpn);
  ~TlsStream() override;

  /// Goes on with the handshake: true when done, false when it waits (`blocked_on()`).
  /// Errors: tls_certificate (detail: expired, wrong host, unknown issuer …), tls_handshake,
  /// connection_reset.
  [[nodiscard]] Result<bool> handshake();

  [[nodiscard]] IoResult read(std::span<std::byte> into) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> from) override;
  [[nodiscard]] bool has_buffered() const override;
  [[nodiscard]] Interest blocked_on() const override;

  [[nodiscard]] bool is_http2() const;             ///< ALPN chose "h2"
  [[nodiscard]] std::string_view version() const;  ///< "TLSv1.3"; static text
  [[nodiscard]] bool was_resumed() const;
  /// The peer ended without close_notify (a truncation attack looks like this; RFC 8446 §6.1).
  [[nodiscard]] bool ended_unannounced() const;

 private:
  struct Impl;
  explicit TlsStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pixhaul::net
