#include "net/pool.h"

#include <algorithm>
#include <utility>

#include "net/scheduler.h"

namespace pixhaul::net {

void ConnectionPool::add(PooledConnection& connection, Instant now) {
  connection.idle_since = now;
  connection.is_pooled = true;
  connection.idle_place = order_.insert(order_.end(), &connection);
  if (!connection.connection.is_http2()) connection.host->idle.push_back(&connection);
}

PooledConnection* ConnectionPool::take(Host& host) {
  if (host.idle.empty()) return nullptr;
  PooledConnection* connection = host.idle.back();
  remove(*connection);
  return connection;
}

void ConnectionPool::remove(PooledConnection& connection) {
  if (!std::exchange(connection.is_pooled, false)) return;
  order_.erase(connection.idle_place);
  std::erase(connection.host->idle, &connection);
}

PooledConnection* ConnectionPool::overdue(Instant now) const {
  if (order_.empty()) return nullptr;
  PooledConnection* first = order_.front();
  return order_.size() > capacity_ || now - first->idle_since > age_ ? first : nullptr;
}

}  // namespace pixhaul::net
