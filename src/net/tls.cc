// TLS over OpenSSL, fed through a BIO of ours so that the bytes come from any Network, also a
// simulated one.
//
// The BIO lets OpenSSL read up to 64 KiB at once into its own record buffer (read-ahead): about 1.2
// receives for a 30 KB response in place of one for each record. The buffer is given back whenever
// it runs empty, so an idle connection holds none. A receive that brought less than was asked for
// emptied the socket; the BIO then answers "try again" itself until the next call, which saves the
// receive that would only say EAGAIN (readiness is level-triggered, so nothing is missed).

#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "net/tls_trust.h"

namespace pixhaul::net {
namespace {

constexpr std::size_t kReadAheadBytes = 64 * 1024;

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

std::string reason_text(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unknown error";
}

// ---- one connection: what OpenSSL's callbacks reach ---------------------------------------------

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
  connection.cache->store(connection.origin, TlsSession(session));
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
    Result<> loaded = load_trust(SSL_CTX_get_cert_store(made.get()), settings);
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
  if (const TlsSession session = cache.take(origin)) {
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
