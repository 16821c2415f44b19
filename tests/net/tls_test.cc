#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "net/address.h"

namespace pixhaul::net {
namespace {

// ---- certificates made on the spot --------------------------------------------------------------

struct Certified {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
};

struct Wanted {
  const char* subject = "leaf";
  const char* names = "DNS:a.test";  // subjectAltName
  long from_days = -1;
  long to_days = 30;
};

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  ASSERT_NE(extension, nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate signed by `issuer`, or a CA of its own without one.
Certified certify(const Wanted& wanted, const Certified* issuer) {
  static long serial = 0;
  Certified made{.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
  X509* const x = made.certificate;
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wanted.from_days * 86400);
  X509_gmtime_adj(X509_getm_notAfter(x), wanted.to_days * 86400);
  X509_set_pubkey(x, made.key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wanted.subject), -1, -1, 0);
  X509* const parent = issuer != nullptr ? issuer->certificate : x;
  X509_set_issuer_name(x, X509_get_subject_name(parent));
  if (issuer == nullptr) add_extension(x, parent, NID_basic_constraints, "critical,CA:TRUE");
  if (*wanted.names != '\0') add_extension(x, parent, NID_subject_alt_name, wanted.names);
  X509_sign(x, issuer != nullptr ? issuer->key : made.key, EVP_sha256());
  return made;
}

const Certified& root() {
  static const Certified made = certify({.subject = "Test Root", .names = ""}, nullptr);
  return made;
}

std::string root_file() {
  static const std::string path = [] {
    std::string name = testing::TempDir() + "tls_test_root.pem";
    std::FILE* file = std::fopen(name.c_str(), "w");
    PEM_write_X509(file, root().certificate);
    std::fclose(file);
    return name;
  }();
  return path;
}

// ---- a server in memory -------------------------------------------------------------------------

struct ServerSettings {
  Wanted wanted{};
  bool self_signed = false;
  int max_version = TLS1_3_VERSION;
};

int choose_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                unsigned in_size, void*) {
  *size = in[0];  // the client's first choice
  *out = in + 1;
  return in_size > 0 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

class Server {
 public:
  explicit Server(const ServerSettings& settings = {})
      : context_(SSL_CTX_new(TLS_server_method())) {
    const Certified leaf = certify(settings.wanted, settings.self_signed ? nullptr : &root());
    SSL_CTX_use_certificate(context_, leaf.certificate);
    SSL_CTX_use_PrivateKey(context_, leaf.key);
    X509_free(leaf.certificate);  // the context holds its own references
    EVP_PKEY_free(leaf.key);
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, settings.max_version);
    SSL_CTX_set_alpn_select_cb(context_, choose_alpn, nullptr);
    const unsigned char id = 1;
    SSL_CTX_set_session_id_context(context_, &id, 1);
  }
  ~Server() { SSL_CTX_free(context_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  [[nodiscard]] SSL* accept() const { return SSL_new(context_); }

 private:
  SSL_CTX* context_;
};

// One connection to a Server; at most `cut` bytes move per call.
class MemoryNetwork final : public Network {
 public:
  explicit MemoryNetwork(const Server& server, std::size_t cut = 1 << 20)
      : peer(server.accept()), cut_(cut) {
    SSL_set_bio(peer, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(peer);
  }
  ~MemoryNetwork() override { SSL_free(peer); }
  MemoryNetwork(const MemoryNetwork&) = delete;
  MemoryNetwork& operator=(const MemoryNetwork&) = delete;

  IoResult read(SocketId, std::span<std::byte> into) override {
    if (!is_plain) {
      (void)SSL_do_handshake(peer);
      ERR_clear_error();
    }
    const int size = static_cast<int>(std::min(into.size(), cut_));
    const int moved = BIO_read(SSL_get_wbio(peer), into.data(), size);
    ++reads;
    if (moved > 0) return {.status = IoStatus::ok, .bytes = static_cast<std::size_t>(moved)};
    if (failure != 0) return {.status = IoStatus::failed, .os_error = failure};
    return {.status = is_closed ? IoStatus::end : IoStatus::would_block};
  }
  IoResult write(SocketId, std::span<const std::byte> from) override {
    const std::size_t size = std::min(from.size(), cut_);
    BIO_write(SSL_get_rbio(peer), from.data(), static_cast<int>(size));
    return {.status = IoStatus::ok, .bytes = size};
  }
  Result<SocketId> connect(const SocketAddress&) override { return 1; }
  int connect_error(SocketId) override { return 0; }
  void close(SocketId) override {}
  std::vector<IpAddress> own_addresses() override { return {}; }
  void watch(SocketId, Interest, Watcher*) override {}
  void wait(Duration) override {}
  void wake() override {}

  void send(std::string_view text) {
    EXPECT_EQ(SSL_write(peer, text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  std::string received() {
    std::array<char, 256> bytes{};
    const int size = SSL_read(peer, bytes.data(), bytes.size());
    ERR_clear_error();
    return {bytes.data(), static_cast<std::size_t>(std::max(size, 0))};
  }

  SSL* peer;
  bool is_closed = false;
  bool is_plain = false;
  int failure = 0;
  int reads = 0;

 private:
  std::size_t cut_;
};

class TlsTest : public testing::Test {
 protected:
  std::unique_ptr<TlsStream> stream(MemoryNetwork& network, std::string_view host = "a.test",
                                    Alpn alpn = Alpn::both) {
    return TlsStream::create(context_, cache_, network, 1, host, "https://a.test:443", alpn)
        .value();
  }
  // true: done; the error otherwise.
  static Result<bool> shake(TlsStream& stream) {
    for (int i = 0; i < 100'000; ++i) {
      Result<bool> done = stream.handshake();
      if (!done || *done) return done;
    }
    return false;
  }
  Error failure(const ServerSettings& settings, std::string_view host = "a.test") {
    const Server server(settings);
    MemoryNetwork network(server);
    const auto made = stream(network, host);
    const Result<bool> done = shake(*made);
    EXPECT_FALSE(done);
    EXPECT_EQ(ERR_peek_error(), 0u);
    return done ? Error{} : done.error();
  }
  static std::string read_all(TlsStream& stream) {
    std::string text;
    std::array<std::byte, 100> bytes;
    for (int i = 0; i < 100'000; ++i) {
      const IoResult result = stream.read(bytes);
      if (result.status != IoStatus::ok) break;
      text.append(reinterpret_cast<const char*>(bytes.data()), result.bytes);
    }
    return text;
  }

  TlsContext context_{TlsSettings{.ca_file = root_file()}};
  TlsSessionCache cache_;
};

TEST_F(TlsTest, BytesGoBothWaysWhereverTheWireIsCut) {
  for (const std::size_t cut : {1u, 2u, 3u, 7u, 16u, 1u << 20}) {
    const Server server;
    MemoryNetwork network(server, cut);
    const auto made = stream(network);
    const Result<bool> done = shake(*made);
    ASSERT_TRUE(done && *done) << cut;
    EXPECT_EQ(made->version(), "TLSv1.3");
    EXPECT_TRUE(made->is_http2());
    const std::string_view text = "GET";
    EXPECT_EQ(made->write(std::as_bytes(std::span(text))).bytes, 3u);
    EXPECT_EQ(network.received(), "GET");
    network.send("HTTP/1.1 200 OK");
    std::string got;
    while (got.size() < 15) got += read_all(*made);
    EXPECT_EQ(got, "HTTP/1.1 200 OK") << cut;
    EXPECT_EQ(made->blocked_on(), Interest::read);
  }
}

TEST_F(TlsTest, AlpnOffersOnlyWhatWasAskedFor) {
  const Server server;
  MemoryNetwork network(server);
  const auto made = stream(network, "a.test", Alpn::http1);
  ASSERT_TRUE(shake(*made));
  EXPECT_FALSE(made->is_http2());
}

TEST_F(TlsTest, OneReadTakesAllRecordsWithOneReceive) {
  const Server server;
  MemoryNetwork network(server);
  const auto made = stream(network);
  ASSERT_TRUE(shake(*made));
  network.send(std::string(40'000, 'x'));
  network.reads = 0;
  std::vector<std::byte> bytes(64 * 1024);
  const IoResult result = made->read(bytes);
  EXPECT_EQ(result.bytes, 40'000u);
  EXPECT_LE(network.reads, 2);
  EXPECT_FALSE(made->has_buffered());
}

TEST_F(TlsTest, BytesLeftInsideAreAnnounced) {
  const Server server;
  MemoryNetwork network(server);
  const auto made = stream(network);
  ASSERT_TRUE(shake(*made));
  network.send("0123456789");
  std::array<std::byte, 4> bytes;
  EXPECT_EQ(made->read(bytes).bytes, 4u);
  EXPECT_TRUE(made->has_buffered());
  EXPECT_EQ(read_all(*made), "456789");
  EXPECT_FALSE(made->has_buffered());
}

TEST_F(TlsTest, BadCertificatesAreNamed) {
  const struct {
    ServerSettings server;
    const char* host;
    const char* detail;
  } cases[] = {
      {{.wanted = {.from_days = -9, .to_days = -1}}, "a.test", "certificate has expired"},
      {{.wanted = {.from_days = 1}}, "a.test", "certificate is not valid yet"},
      {{.wanted = {.names = "DNS:other.test"}},
       "localhost",
       "certificate is for other.test, not localhost"},
      {{.wanted = {.names = "DNS:a,DNS:b,DNS:c,DNS:d"}},
       "a.test",
       "certificate is for a, b, c and 1 more, not a.test"},
      {{.wanted = {.names = "DNS:w*.a.test"}},
       "www.a.test",
       "certificate is for w*.a.test, not www.a.test"},
      {{.wanted = {.names = "DNS:*.test"}}, "x.a.test", "certificate is for *.test, not x.a.test"},
      {{.wanted = {.names = "DNS:a.test"}},
       "127.0.0.1",
       "certificate is for a.test, not 127.0.0.1"},
      {{.self_signed = true}, "a.test", "certificate is self-signed"},
  };
  for (const auto& c : cases) {
    const Error error = failure(c.server, c.host);
    EXPECT_EQ(error.code, ErrorCode::tls_certificate) << c.detail;
    EXPECT_EQ(error.detail, c.detail);
  }
}

TEST_F(TlsTest, UnknownIssuerIsNamed) {
  const Server server;
  MemoryNetwork network(server);
  TlsContext system(TlsSettings{});
  const auto made =
      TlsStream::create(system, cache_, network, 1, "a.test", "https://a.test:443", Alpn::both);
  if (!made) GTEST_SKIP() << "no system store";
  const Result<bool> done = shake(**made);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::tls_certificate);
  EXPECT_EQ(done.error().detail, "issuer not trusted: Test Root");
}

TEST_F(TlsTest, WithoutVerificationAnyCertificateServes) {
  const Server server({.wanted = {.names = "DNS:other.test"}, .self_signed = true});
  MemoryNetwork network(server);
  TlsContext insecure(TlsSettings{.verify = false});
  const auto made =
      TlsStream::create(insecure, cache_, network, 1, "a.test", "https://a.test", Alpn::both);
  ASSERT_TRUE(made);
  EXPECT_TRUE(shake(**made));
}

TEST_F(TlsTest, AddressLiteralsAreCheckedAgainstAddressesAndSendNoName) {
  for (const char* host : {"127.0.0.1", "[::1]"}) {
    const Server server({.wanted = {.names = "IP:127.0.0.1,IP:::1"}});
    MemoryNetwork network(server);
    const auto made = stream(network, host);
    ASSERT_TRUE(shake(*made)) << host;
    EXPECT_EQ(SSL_get_servername(network.peer, TLSEXT_NAMETYPE_host_name), nullptr);
  }
}

TEST_F(TlsTest, NameIsSentWithoutItsTrailingDot) {
  const Server server;
  MemoryNetwork network(server);
  const auto made = stream(network, "a.test.");
  ASSERT_TRUE(shake(*made));
  EXPECT_STREQ(SSL_get_servername(network.peer, TLSEXT_NAMETYPE_host_name), "a.test");
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  const Error error = failure({.max_version = TLS1_1_VERSION});
  EXPECT_EQ(error.code, ErrorCode::tls_handshake);
  EXPECT_FALSE(error.detail.empty());
}

TEST_F(TlsTest, ServerThatSpeaksPlainTextIsNamed) {
  const Server server;
  MemoryNetwork network(server);
  network.is_plain = true;
  BIO_puts(SSL_get_wbio(network.peer), "HTTP/1.1 400 Bad Request\r\n\r\n");
  const auto made = stream(network);
  const Result<bool> done = shake(*made);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::tls_handshake);
  EXPECT_EQ(done.error().detail, "the server does not speak TLS here");
}

TEST_F(TlsTest, EndAndResetDuringTheHandshakeAreConnectionReset) {
  for (const int failure : {0, ECONNRESET}) {
    const Server server;
    MemoryNetwork network(server);
    network.is_plain = true;
    network.is_closed = true;
    network.failure = failure;
    const auto made = stream(network);
    const Result<bool> done = shake(*made);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::connection_reset);
    EXPECT_EQ(done.error().os_error, failure);
  }
}

TEST_F(TlsTest, AnnouncedAndUnannouncedEndsDiffer) {
  for (const bool announced : {true, false}) {
    const Server server;
    MemoryNetwork network(server);
    const auto made = stream(network);
    ASSERT_TRUE(shake(*made));
    network.send("tail");
    if (announced) SSL_shutdown(network.peer);
    network.is_closed = true;
    EXPECT_EQ(read_all(*made), "tail");
    std::array<std::byte, 4> bytes;
    EXPECT_EQ(made->read(bytes).status, IoStatus::end);
    EXPECT_EQ(made->ended_unannounced(), !announced);
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST_F(TlsTest, SocketFailureKeepsItsErrno) {
  const Server server;
  MemoryNetwork network(server);
  const auto made = stream(network);
  ASSERT_TRUE(shake(*made));
  (void)read_all(*made);
  network.failure = ECONNRESET;
  std::array<std::byte, 4> bytes;
  const IoResult result = made->read(bytes);
  EXPECT_EQ(result.status, IoStatus::failed);
  EXPECT_EQ(result.os_error, ECONNRESET);
}

TEST_F(TlsTest, SecondConnectionResumesTheFirst) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsSessionCache cache;
    const Server server({.max_version = version});
    for (const bool resumed : {false, true, true}) {
      MemoryNetwork network(server);
      const auto made =
          TlsStream::create(context_, cache, network, 1, "a.test", "https://a.test:443", Alpn::both)
              .value();
      ASSERT_TRUE(shake(*made));
      (void)read_all(*made);  // TLS 1.3 sends its tickets after the handshake
      EXPECT_EQ(made->was_resumed(), resumed) << version;
    }
  }
}

TEST_F(TlsTest, SessionsStayWithTheirOriginAndTicketsServeOnce) {
  const Server server;
  MemoryNetwork network(server);
  const auto first = stream(network);
  ASSERT_TRUE(shake(*first));
  (void)read_all(*first);
  const auto resumed = [&](std::string_view origin) {
    MemoryNetwork other(server);
    const auto made =
        TlsStream::create(context_, cache_, other, 1, "a.test", origin, Alpn::both).value();
    EXPECT_TRUE(shake(*made));  // not read: no new tickets are taken
    return made->was_resumed();
  };
  EXPECT_FALSE(resumed("https://a.test:8443"));
  EXPECT_TRUE(resumed("https://a.test:443"));
  EXPECT_TRUE(resumed("https://a.test:443"));  // the server sent two tickets
  EXPECT_FALSE(resumed("https://a.test:443"));
}

TEST_F(TlsTest, OldestOriginLeavesAFullCache) {
  TlsSessionCache small(1);
  const Server server;
  const auto resumed = [&](std::string_view origin) {
    MemoryNetwork network(server);
    const auto made =
        TlsStream::create(context_, small, network, 1, "a.test", origin, Alpn::both).value();
    EXPECT_TRUE(shake(*made));
    (void)read_all(*made);
    return made->was_resumed();
  };
  EXPECT_FALSE(resumed("https://one"));
  EXPECT_FALSE(resumed("https://two"));
  EXPECT_TRUE(resumed("https://two"));
  EXPECT_FALSE(resumed("https://one"));
}

TEST(TlsContext, UnreadableCaFileIsNamed) {
  TlsContext context(TlsSettings{.ca_file = "/nowhere/ca.pem"});
  const auto state = context.state();
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::input_unreadable);
  EXPECT_NE(state.error().detail.find("/nowhere/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace pixhaul::net
