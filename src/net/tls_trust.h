#pragma once

#include <string>

#include "net/tls.h"
#include "pixhaul/result.h"

struct x509_st;        // OpenSSL's X509
struct x509_store_st;  // and X509_STORE

namespace pixhaul::net {

/// Fills `store` with the certificates to be trusted: the settings' file, else SSL_CERT_FILE and
/// SSL_CERT_DIR, else the system's. Errors: input_unreadable.
[[nodiscard]] Result<> load_trust(x509_store_st* store, const TlsSettings& settings);

/// What to tell a person about a certificate that OpenSSL refused with `error` (X509_V_ERR_…).
[[nodiscard]] std::string certificate_detail(int error, const x509_st* certificate,
                                             const std::string& host);

}  // namespace pixhaul::net
