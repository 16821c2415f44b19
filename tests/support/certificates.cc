#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "base/check.h"

// Keys and certificates are made anew for each origin, so that none is ever kept in the repository
// and none can expire there.

namespace pixhaul::testing {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Context = std::unique_ptr<SSL_CTX, Free>;

constexpr long kDay = 24L * 3600;

struct Issued {
  Key key;
  Certificate certificate;
};

struct Leaf {
  std::string_view name;
  const char* subject_names;
  long from;
  long until;
};

// OpenSSL takes no wildcard straight below a top-level name, so *.test would match nothing.
constexpr const char* kGoodNames =
    "DNS:localhost,DNS:*.hosts.test,DNS:*.origin.test,DNS:a.test,DNS:b.test,DNS:c.test,"
    "DNS:example.org,DNS:*.example.org,DNS:example.com,DNS:*.example.com,"
    "DNS:good.test,DNS:expired.test,DNS:not-yet-valid.test,DNS:self-signed.test,"
    "DNS:unknown-ca.test,IP:127.0.0.1,IP:::1";

// In the order of CertificateKind.
constexpr std::array kLeaves = {
    Leaf{"good", kGoodNames, -kDay, 30 * kDay},
    Leaf{"expired", kGoodNames, -30 * kDay, -kDay},
    Leaf{"not-yet-valid", kGoodNames, kDay, 30 * kDay},
    Leaf{"wrong-host", "DNS:other.invalid", -kDay, 30 * kDay},
    Leaf{"self-signed", kGoodNames, -kDay, 30 * kDay},
    Leaf{"unknown-ca", kGoodNames, -kDay, 30 * kDay},
};

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  PIXHAUL_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void set_subject(X509* certificate, const char* common_name) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
}

Issued unsigned_certificate(const char* common_name, long from, long until) {
  static long serial = 0;
  Issued out{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
  X509* certificate = out.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate),
                   std::time(nullptr) * 1000 + __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
  X509_gmtime_adj(X509_getm_notBefore(certificate), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until);
  X509_set_pubkey(certificate, out.key.get());
  set_subject(certificate, common_name);
  return out;
}

Issued make_authority(const char* common_name) {
  Issued out = unsigned_certificate(common_name, -kDay, 365 * kDay);
  X509* certificate = out.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  PIXHAUL_CHECK(X509_sign(certificate, out.key.get(), EVP_sha256()) > 0);
  return out;
}

// `authority` null: signed by its own key.
Issued make_leaf(const Leaf& leaf, const Issued* authority) {
  Issued out = unsigned_certificate("pixhaul test origin", leaf.from, leaf.until);
  X509* certificate = out.certificate.get();
  X509* issuer = authority == nullptr ? certificate : authority->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(certificate, issuer, NID_subject_alt_name, leaf.subject_names);
  EVP_PKEY* signer = authority == nullptr ? out.key.get() : authority->key.get();
  PIXHAUL_CHECK(X509_sign(certificate, signer, EVP_sha256()) > 0);
  return out;
}

std::string to_pem(X509* certificate) {
  const std::unique_ptr<BIO, Free> memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// RFC 7301 §3.2: the server picks; h2 before http/1.1.
int pick_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                  unsigned int in_size, void* offer_http2) {
  static constexpr unsigned char kBoth[] = "\x02h2\x08http/1.1";
  static constexpr unsigned char kHttp1[] = "\x08http/1.1";
  const bool both = *static_cast<const bool*>(offer_http2);
  unsigned char* picked = nullptr;
  const int result =
      both ? SSL_select_next_proto(&picked, out_size, kBoth, sizeof(kBoth) - 1, in, in_size)
           : SSL_select_next_proto(&picked, out_size, kHttp1, sizeof(kHttp1) - 1, in, in_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = picked;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct Certificates::State {
  std::string ca_pem;
  bool offer_http2 = true;
  std::array<Context, kLeaves.size()> contexts;
};

namespace {

int pick_certificate(SSL* ssl, int*, void* contexts) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const std::string_view label = std::string_view(name).substr(0, std::string_view(name).find('.'));
  auto& all = *static_cast<std::array<Context, kLeaves.size()>*>(contexts);
  for (std::size_t i = 0; i < kLeaves.size(); ++i) {
    if (kLeaves[i].name == label) SSL_set_SSL_CTX(ssl, all[i].get());
  }
  return SSL_TLSEXT_ERR_OK;
}

void limit_versions(SSL_CTX* context, TlsVersions versions) {
  if (versions == TlsVersions::tls12_only) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_min_proto_version(
      context, versions == TlsVersions::tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION);
}

Context make_context(const Issued& issued, TlsVersions versions, bool* offer_http2,
                     std::array<Context, kLeaves.size()>* all) {
  Context context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* raw = context.get();
  limit_versions(raw, versions);
  SSL_CTX_use_certificate(raw, issued.certificate.get());
  SSL_CTX_use_PrivateKey(raw, issued.key.get());
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(raw, pick_protocol, offer_http2);
  // The macro for this casts in the old style.
  SSL_CTX_callback_ctrl(raw, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(pick_certificate));
  SSL_CTX_set_tlsext_servername_arg(raw, all);
  static constexpr unsigned char kSessionContext[] = "origin";
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof(kSessionContext) - 1);
  return context;
}

}  // namespace

Certificates::Certificates(TlsVersions versions, bool offer_http2)
    : state_(std::make_unique<State>()) {
  const Issued authority = make_authority("pixhaul test authority");
  const Issued stranger = make_authority("pixhaul unknown authority");
  state_->ca_pem = to_pem(authority.certificate.get());
  state_->offer_http2 = offer_http2;
  for (std::size_t i = 0; i < kLeaves.size(); ++i) {
    const auto kind = static_cast<CertificateKind>(i);
    const Issued* issuer = kind == CertificateKind::self_signed  ? nullptr
                           : kind == CertificateKind::unknown_ca ? &stranger
                                                                 : &authority;
    state_->contexts[i] = make_context(make_leaf(kLeaves[i], issuer), versions,
                                       &state_->offer_http2, &state_->contexts);
  }
}

Certificates::~Certificates() = default;

const std::string& Certificates::ca_pem() const { return state_->ca_pem; }

ssl_ctx_st* Certificates::context(CertificateKind kind) const {
  return state_->contexts[static_cast<std::size_t>(kind)].get();
}

}  // namespace pixhaul::testing
