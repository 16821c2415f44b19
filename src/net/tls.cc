// TLS over OpenSSL, fed through a BIO of ours so that the bytes come from any Network, also a
// simulated one.
//
// The BIO lets OpenSSL read up to 64 KiB at once into its own record buffer (read-ahead): about 1.2
// receives for a 30 KB response in place of one for each record. The buffer is given back whenever
// it runs empty, so an idle connection holds none. A receive that brought less than was asked for
// emptied the socket; the BIO then answers "try again" itself until the next call, which saves the
// receive that would only say EAGAIN (readiness is level-triggered, so nothing is missed).
//
// The CA store: the system's hashed directory is preferred to its bundle file. Parsing the
// 140-certificate bundle costs some 20 ms at start; the directory costs one file for each issuer
// met.

#include "net/tls.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace pixhaul::net {
namespace {

constexpr std::size_t kReadAheadBytes = 64 * 1024;
// TLS 1.3 servers send one or two tickets per connection, each good for one use; four let a host's
// next few connections, opened together, all resume.
constexpr std::size_t kSessionsPerOrigin = 4;
constexpr int kNamesInDetail = 3;

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using SessionPointer = std::unique_ptr<SSL_SESSION, Free>;

std::string reason_text(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unknown error";
}

// ---- CA store -----------------------------------------------------------------------------------

// A directory prepared by c_rehash or `openssl rehash` holds names such as "002c0b4f.0".
bool is_hash_name(std::string_view name) {
  return name.size() >= 10 && name[8] == '.' && name[9] >= '0' && name[9] <= '9' &&
         std::ranges::all_of(name.substr(0, 8),
                             [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool is_hashed_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return false;
  bool found = false;
  while (const dirent* entry = ::readdir(directory)) {
    if ((found = is_hash_name(entry->d_name))) break;
  }
  ::closedir(directory);
  return found;
}

Result<> load_file(X509_STORE* store, const std::string& path) {
  if (X509_STORE_load_file(store, path.c_str()) == 1) return {};
  const int os_error = errno;
  ERR_clear_error();
  return std::unexpected(Error{.code = ErrorCode::input_unreadable,
                               .os_error = os_error,
                               .detail = "read CA certificates from " + path});
}

const char* environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

Result<> load_system_store(X509_STORE* store) {
  for (const char* directory : {X509_get_default_cert_dir(), "/etc/ssl/certs"}) {
    if (is_hashed_directory(directory)) {
      X509_STORE_load_path(store, directory);
      return {};
    }
  }
  constexpr std::array kBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                   "/etc/ssl/cert.pem"};
  if (load_file(store, X509_get_default_cert_file())) return {};
  for (const char* bundle : kBundles) {
    if (load_file(store, bundle)) return {};
  }
  return std::unexpected(
      Error{.code = ErrorCode::input_unreadable,
            .detail = "no CA certificates on this machine (install ca-certificates, or name a "
                      "file in SSL_CERT_FILE)"});
}

Result<> load_store(X509_STORE* store, const TlsSettings& settings) {
  if (!settings.ca_file.empty()) return load_file(store, settings.ca_file);
  const char* file = environment(X509_get_default_cert_file_env());
  const char* directory = environment(X509_get_default_cert_dir_env());
  if (file == nullptr && directory == nullptr) return load_system_store(store);
  if (directory != nullptr) X509_STORE_load_path(store, directory);
  if (file != nullptr) return load_file(store, file);
  return {};
}

// ---- what a bad certificate is called -----------------------------------------------------------

std::string text_of(const ASN1_STRING* text) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  std::string printable(bytes, static_cast<std::size_t>(ASN1_STRING_length(text)));
  std::ranges::replace_if(printable, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return printable;
}

std::string common_name(const X509_NAME* name) {
  for (const int field : {NID_commonName, NID_organizationName, NID_organizationalUnitName}) {
    const int index = X509_NAME_get_index_by_NID(name, field, -1);
    if (index >= 0) return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  }
  return "an unnamed issuer";
}

// "a.test, b.test and 3 more"; RFC 6125 §6.4.4: the common name counts only without alternative
// names.
std::string names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string list;
  int count = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS || ++count > kNamesInDetail) continue;
    list += (list.empty() ? "" : ", ") + text_of(name->d.dNSName);
  }
  if (count > kNamesInDetail) list += " and " + std::to_string(count - kNamesInDetail) + " more";
  return list.empty() ? common_name(X509_get_subject_name(certificate)) : list;
}

std::string certificate_detail(int error, const X509* certificate, const std::string& host) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "certificate is for " + names_of(certificate) + ", not " + host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "certificate is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "issuer not trusted: " + common_name(X509_get_issuer_name(certificate));
    default:
      return X509_verify_cert_error_string(error);
  }
}

}  // namespace

// ---- session cache ------------------------------------------------------------------------------

struct TlsSessionCache::State {
  struct Origin {
    std::string name;
    std::deque<SessionPointer> sessions{};  // newest last
  };
  std::size_t capacity = 0;     // origins
  std::list<Origin> origins{};  // least recently used first
  std::unordered_map<std::string_view, std::list<Origin>::iterator> by_name{};

  void store(std::string_view name, SessionPointer session);
  SessionPointer take(std::string_view name);
  void remove(std::list<Origin>::iterator origin);
};

void TlsSessionCache::State::remove(std::list<Origin>::iterator origin) {
  by_name.erase(origin->name);
  origins.erase(origin);
}

void TlsSessionCache::State::store(std::string_view name, SessionPointer session) {
  if (capacity == 0) return;
  const auto found = by_name.find(name);
  if (found == by_name.end()) {
    if (origins.size() >= capacity) remove(origins.begin());
    origins.push_back({.name = std::string(name)});
    by_name.emplace(origins.back().name, std::prev(origins.end()));
  } else {
    origins.splice(origins.end(), origins, found->second);
  }
  std::deque<SessionPointer>& sessions = origins.back().sessions;
  if (sessions.size() >= kSessionsPerOrigin) sessions.pop_front();
  sessions.push_back(std::move(session));
}

SessionPointer TlsSessionCache::State::take(std::string_view name) {
  const auto found = by_name.find(name);
  if (found == by_name.end()) return nullptr;
  std::deque<SessionPointer>& sessions = found->second->sessions;
  SSL_SESSION* newest = sessions.back().get();
  if (SSL_SESSION_get_protocol_version(newest) != TLS1_3_VERSION) {
    SSL_SESSION_up_ref(newest);
    return SessionPointer(newest);
  }
  // RFC 8446 §C.4: "Clients SHOULD NOT reuse a ticket for multiple connections."
  SessionPointer session = std::move(sessions.back());
  sessions.pop_back();
  if (sessions.empty()) remove(found->second);
  return session;
}

TlsSessionCache::TlsSessionCache(std::size_t capacity) : state_(std::make_unique<State>()) {
  state_->capacity = capacity;
}
TlsSessionCache::~TlsSessionCache() = default;

// ---- one connection: what OpenSSL's callbacks reach ---------------------------------------------

namespace {

struct Connection {
  Network* network = nullptr;        // not owned; outlives the stream
  TlsSessionCache* cache = nullptr;  // not owned; outlives the stream
  SocketId socket = -1;
  std::string host{};
  std::string origin{};
  std::unique_ptr<SSL, Free> ssl{};
  Interest blocked_on = Interest::read;
  bool is_drained = false;  // the last receive of this call emptied the socket
  bool has_ended = false;   // the peer closed the socket
  int os_error = 0;         // what killed the socket
  bool has_more = false;    // `into` was filled and OpenSSL holds more
  bool ended_unannounced = false;
  unsigned long tls_error = 0;  // OpenSSL's packed reason of the last failure
  std::string certificate_detail{};

  void begin_call();
  IoResult finish(int status);
};

// Callbacks are called by C: they let no exception out (noexcept) and touch one connection only.

int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* moved) noexcept {
  auto& connection = *static_cast<Connection*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *moved = 0;
  if (connection.is_drained) {
    BIO_set_retry_read(bio);
    return 0;
  }
  const IoResult result = connection.network->read(
      connection.socket, std::as_writable_bytes(std::span<char>(data, size)));
  *moved = result.bytes;
  switch (result.status) {
    case IoStatus::ok:
      connection.is_drained = result.bytes < size;
      return 1;
    case IoStatus::would_block:
      BIO_set_retry_read(bio);
      return 0;
    case IoStatus::end:
      connection.has_ended = true;
      return 0;
    case IoStatus::failed:
      connection.os_error = result.os_error;
      return 0;
  }
  return 0;
}

int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* moved) noexcept {
  auto& connection = *static_cast<Connection*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const IoResult result =
      connection.network->write(connection.socket, std::as_bytes(std::span(data, size)));
  *moved = result.bytes;
  if (result.status == IoStatus::ok) return 1;
  if (result.status == IoStatus::would_block) BIO_set_retry_write(bio);
  if (result.status == IoStatus::failed) connection.os_error = result.os_error;
  return 0;
}

long bio_control(BIO* bio, int command, long, void*) noexcept {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Connection*>(BIO_get_data(bio))->has_ended;
  return 0;
}

int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
  const auto& connection = *static_cast<Connection*>(SSL_get_app_data(ssl));
  if (SSL_SESSION_is_resumable(session) == 0) return 0;
  connection.cache->state().store(connection.origin, SessionPointer(session));
  return 1;  // the reference is ours now
}

int note_certificate_error(int is_good, X509_STORE_CTX* check) noexcept {
  if (is_good != 0) return 1;
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& connection = *static_cast<Connection*>(SSL_get_app_data(ssl));
  const X509* certificate = X509_STORE_CTX_get_current_cert(check);
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(check);
  connection.certificate_detail =
      certificate_detail(X509_STORE_CTX_get_error(check), certificate, connection.host);
  return 0;
}

void Connection::begin_call() {
  ERR_clear_error();  // SSL_get_error looks at the whole queue
  is_drained = false;
}

// What SSL_read, SSL_write or SSL_do_handshake meant by failing.
IoResult Connection::finish(int status) {
  switch (SSL_get_error(ssl.get(), status)) {
    case SSL_ERROR_WANT_READ:
      blocked_on = Interest::read;
      return {.status = IoStatus::would_block};
    case SSL_ERROR_WANT_WRITE:
      blocked_on = Interest::write;
      return {.status = IoStatus::would_block};
    case SSL_ERROR_ZERO_RETURN:
      return {.status = IoStatus::end};
    default:
      break;
  }
  tls_error = ERR_peek_error();
  ERR_clear_error();
  // RFC 8446 §6.1: closure without close_notify may be an attack. The caller knows whether its
  // message was whole by other means, so it is told both.
  if (has_ended) {
    ended_unannounced = true;
    return {.status = IoStatus::end};
  }
  return {.status = IoStatus::failed, .os_error = os_error != 0 ? os_error : EPROTO};
}

Error handshake_error(const Connection& connection, const IoResult& result) {
  const unsigned long reason = connection.tls_error;
  if (!connection.certificate_detail.empty()) {
    return {.code = ErrorCode::tls_certificate, .detail = connection.certificate_detail};
  }
  if (result.status == IoStatus::end) {
    return {.code = ErrorCode::connection_reset,
            .detail = "closed by the server during the TLS handshake"};
  }
  if (connection.os_error != 0) {
    return {.code = ErrorCode::connection_reset,
            .os_error = connection.os_error,
            .detail = "connection lost during the TLS handshake"};
  }
  if (ERR_GET_REASON(reason) == SSL_R_WRONG_VERSION_NUMBER ||
      ERR_GET_REASON(reason) == SSL_R_HTTP_REQUEST) {
    return {.code = ErrorCode::tls_handshake, .detail = "the server does not speak TLS here"};
  }
  return {.code = ErrorCode::tls_handshake, .detail = reason_text(reason)};
}

std::span<const unsigned char> alpn_list(Alpn alpn) {
  // RFC 7301 §3.1: each name behind its length, most wanted first.
  static constexpr std::array<unsigned char, 12> kBoth = {2,   'h', '2', 8,   'h', 't',
                                                          't', 'p', '/', '1', '.', '1'};
  const std::span<const unsigned char> both(kBoth);
  switch (alpn) {
    case Alpn::http1:
      return both.subspan(3);
    case Alpn::http2:
      return both.first(3);
    case Alpn::both:
      break;
  }
  return both;
}

bool set_name(SSL* ssl, const std::string& host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string literal = host.substr(1, host.size() - 2);
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), literal.c_str()) == 1;
  }
  // RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"."
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1) return true;
  ERR_clear_error();
  // RFC 6066 §3: the name is sent "without a trailing dot"; certificates have none either.
  std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // SSL_ctrl: the macro SSL_set_tlsext_host_name holds a C cast.
  return SSL_set1_host(ssl, name.c_str()) == 1 &&
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

// ---- context ------------------------------------------------------------------------------------

struct TlsContext::State {
  std::mutex mutex{};
  std::unique_ptr<SSL_CTX, Free> context{};
  std::unique_ptr<BIO_METHOD, Free> bio_method{};
  std::optional<Error> failure{};

  Result<> load(const TlsSettings& settings);
};

Result<> TlsContext::State::load(const TlsSettings& settings) {
  bio_method.reset(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "network"));
  std::unique_ptr<SSL_CTX, Free> made(SSL_CTX_new(TLS_client_method()));
  if (bio_method == nullptr || made == nullptr) {
    const std::string detail = reason_text(ERR_peek_error());
    ERR_clear_error();
    return std::unexpected(Error{.code = ErrorCode::tls_handshake, .detail = detail});
  }
  BIO_meth_set_read_ex(bio_method.get(), bio_read);
  BIO_meth_set_write_ex(bio_method.get(), bio_write);
  BIO_meth_set_ctrl(bio_method.get(), bio_control);

  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(made.get(), 1);
  SSL_CTX_set_default_read_buffer_len(made.get(), kReadAheadBytes);
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(made.get(), keep_session);
  if (settings.verify) {
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, note_certificate_error);
    Result<> loaded = load_store(SSL_CTX_get_cert_store(made.get()), settings);
    ERR_clear_error();
    if (!loaded) return loaded;
  }
  context = std::move(made);
  return {};
}

TlsContext::TlsContext(TlsSettings settings)
    : settings_(std::move(settings)), state_(std::make_unique<State>()) {}
TlsContext::~TlsContext() = default;

Result<TlsContext::State*> TlsContext::state() {
  const std::lock_guard lock(state_->mutex);
  if (state_->context == nullptr && !state_->failure) {
    Result<> loaded = state_->load(settings_);
    if (!loaded) state_->failure = std::move(loaded).error();
  }
  if (state_->failure) return std::unexpected(*state_->failure);
  return state_.get();
}

// ---- stream -------------------------------------------------------------------------------------

struct TlsStream::Impl : Connection {};

TlsStream::TlsStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TlsStream::~TlsStream() {
  // Says "closed in order" without writing: OpenSSL would otherwise declare the session unfit for
  // resumption. The peer sees the socket close; HTTP's framing already told both sides where they
  // stand.
  SSL_set_shutdown(impl_->ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Result<std::unique_ptr<TlsStream>> TlsStream::create(TlsContext& context, TlsSessionCache& cache,
                                                     Network& network, SocketId socket,
                                                     std::string_view host, std::string_view origin,
                                                     Alpn alpn) {
  const Result<TlsContext::State*> state = context.state();
  if (!state) return std::unexpected(state.error());
  auto impl = std::make_unique<Impl>();
  impl->network = &network;
  impl->cache = &cache;
  impl->socket = socket;
  impl->host = host;
  impl->origin = origin;
  impl->ssl.reset(SSL_new((*state)->context.get()));
  SSL* ssl = impl->ssl.get();
  BIO* bio = ssl == nullptr ? nullptr : BIO_new((*state)->bio_method.get());
  const std::span<const unsigned char> protocols = alpn_list(alpn);
  // SSL_set_alpn_protos, unlike its neighbours, returns 0 for success.
  if (bio == nullptr || !set_name(ssl, impl->host) ||
      SSL_set_alpn_protos(ssl, protocols.data(), static_cast<unsigned>(protocols.size())) != 0) {
    BIO_free(bio);
    const std::string detail = reason_text(ERR_peek_error());
    ERR_clear_error();
    return std::unexpected(Error{.code = ErrorCode::tls_handshake, .detail = detail});
  }
  Connection* connection = impl.get();
  BIO_set_data(bio, connection);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, connection);
  SSL_set_connect_state(ssl);
  if (const SessionPointer session = cache.state().take(origin)) {
    SSL_set_session(ssl, session.get());
  }
  return std::unique_ptr<TlsStream>(new TlsStream(std::move(impl)));
}

Result<bool> TlsStream::handshake() {
  impl_->begin_call();
  const int status = SSL_do_handshake(impl_->ssl.get());
  if (status == 1) {
    impl_->blocked_on = Interest::read;
    impl_->has_more = SSL_has_pending(impl_->ssl.get()) != 0;
    return true;
  }
  const IoResult result = impl_->finish(status);
  if (result.status == IoStatus::would_block) return false;
  return std::unexpected(handshake_error(*impl_, result));
}

IoResult TlsStream::read(std::span<std::byte> into) {
  impl_->begin_call();
  impl_->has_more = false;
  std::size_t filled = 0;
  while (filled < into.size()) {
    std::size_t moved = 0;
    const int status =
        SSL_read_ex(impl_->ssl.get(), into.data() + filled, into.size() - filled, &moved);
    if (status == 1) {
      filled += moved;
      continue;
    }
    const IoResult result = impl_->finish(status);
    if (filled == 0) return result;
    // What came before the end or the failure first; the next call meets it again.
    impl_->has_more = result.status != IoStatus::would_block;
    break;
  }
  if (filled == into.size()) impl_->has_more = SSL_has_pending(impl_->ssl.get()) != 0;
  return {.status = IoStatus::ok, .bytes = filled};
}

IoResult TlsStream::write(std::span<const std::byte> from) {
  impl_->begin_call();
  std::size_t moved = 0;
  const int status = SSL_write_ex(impl_->ssl.get(), from.data(), from.size(), &moved);
  if (status == 1) {
    impl_->blocked_on = Interest::read;
    return {.status = IoStatus::ok, .bytes = moved};
  }
  return impl_->finish(status);
}

bool TlsStream::has_buffered() const { return impl_->has_more; }
Interest TlsStream::blocked_on() const { return impl_->blocked_on; }

bool TlsStream::is_http2() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

std::string_view TlsStream::version() const { return SSL_get_version(impl_->ssl.get()); }
bool TlsStream::was_resumed() const { return SSL_session_reused(impl_->ssl.get()) == 1; }
bool TlsStream::ended_unannounced() const { return impl_->ended_unannounced; }

}  // namespace pixhaul::net
