#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace pixhaul::testing {

/// What the leaf certificate is like. Over SNI, `expired.test` and so on choose one by name (the
/// first label is the enumerator with dashes); any other name gets the origin's own.
enum class CertificateKind : std::uint8_t {
  good,  ///< P-256; localhost, *.hosts.test, *.origin.test, a.test, b.test, c.test, (*.)example.org
         ///< and .com, 127.0.0.1, ::1
  expired,
  not_yet_valid,
  wrong_host,   ///< other.invalid only
  self_signed,  ///< by its own key
  unknown_ca,   ///< by an authority that is in no file
};

/// Which versions of TLS the origin speaks.
enum class TlsVersions : std::uint8_t { both, tls12_only, tls13_only };

/// A certificate authority made at run time, and server contexts under it. Immutable after create,
/// any thread.
class Certificates {
 public:
  /// Makes keys; a few milliseconds.
  Certificates(TlsVersions versions, bool offer_http2);
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  /// What a client must trust, PEM.
  [[nodiscard]] const std::string& ca_pem() const;
  /// Picks the leaf by SNI; `kind` where the name asks for none. Owned by this.
  [[nodiscard]] ssl_ctx_st* context(CertificateKind kind) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul::testing
