#include "net/tls_session_cache.h"

#include <openssl/ssl.h>

#include <iterator>
#include <utility>

namespace pixhaul::net {

namespace {

// TLS 1.3 servers send one or two tickets per connection, each good for one use; four let a host's
// next few connections, opened together, all resume.
constexpr std::size_t kSessionsPerOrigin = 4;

}  // namespace

void FreeTlsSession::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

void TlsSessionCache::remove(std::list<Origin>::iterator origin) {
  by_name_.erase(origin->name);
  origins_.erase(origin);
}

void TlsSessionCache::store(std::string_view origin, TlsSession session) {
  if (capacity_ == 0) return;
  const auto found = by_name_.find(origin);
  if (found == by_name_.end()) {
    if (origins_.size() >= capacity_) remove(origins_.begin());
    origins_.push_back({.name = std::string(origin)});
    by_name_.emplace(origins_.back().name, std::prev(origins_.end()));
  } else {
    origins_.splice(origins_.end(), origins_, found->second);
  }
  std::deque<TlsSession>& sessions = origins_.back().sessions;
  if (sessions.size() >= kSessionsPerOrigin) sessions.pop_front();
  sessions.push_back(std::move(session));
}

TlsSession TlsSessionCache::take(std::string_view origin) {
  const auto found = by_name_.find(origin);
  if (found == by_name_.end()) return nullptr;
  std::deque<TlsSession>& sessions = found->second->sessions;
  SSL_SESSION* newest = sessions.back().get();
  if (SSL_SESSION_get_protocol_version(newest) != TLS1_3_VERSION) {
    SSL_SESSION_up_ref(newest);
    return TlsSession(newest);
  }
  // RFC 8446 §C.4: "Clients SHOULD NOT reuse a ticket for multiple connections."
  TlsSession session = std::move(sessions.back());
  sessions.pop_back();
  if (sessions.empty()) remove(found->second);
  return session;
}

}  // namespace pixhaul::net
