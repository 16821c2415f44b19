#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace pixhaul::net {

struct FreeTlsSession {
  void operator()(ssl_session_st* session) const;
};
using TlsSession = std::unique_ptr<ssl_session_st, FreeTlsSession>;

/// TLS sessions by origin ("https://host:port"), so that a second connection to a host resumes the
/// first one's (RFC 8446 §2.2). Holds at most `capacity` origins, oldest out first. One thread.
class TlsSessionCache {
 public:
  explicit TlsSessionCache(std::size_t capacity = 4096) : capacity_(capacity) {}

  void store(std::string_view origin, TlsSession session);
  /// Null when there is none. A TLS 1.3 session is handed out once.
  [[nodiscard]] TlsSession take(std::string_view origin);

 private:
  struct Origin {
    std::string name;
    std::deque<TlsSession> sessions{};  // newest last
  };
  void remove(std::list<Origin>::iterator origin);

  std::size_t capacity_;
  std::list<Origin> origins_{};  // least recently used first
  std::unordered_map<std::string_view, std::list<Origin>::iterator> by_name_{};
};

}  // namespace pixhaul::net
