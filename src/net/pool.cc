#include "net/pool.h"

#include <algorithm>

#include "net/scheduler.h"

namespace pixhaul::net {

void ConnectionPool::add(PooledConnection& connection, Instant now) {
  connection.idle_since = now;
  connection.idle_place = order_.insert(order_.end(), &connection);
  connection.host->idle.push_back(&connection);
}

PooledConnection* ConnectionPool::take(Host& host) {
  if (host.idle.empty()) return nullptr;
  PooledConnection* connection = host.idle.back();
  host.idle.pop_back();
  order_.erase(connection->idle_place);
  return connection;
}

void ConnectionPool::remove(PooledConnection& connection) {
  if (std::erase(connection.host->idle, &connection) > 0) order_.erase(connection.idle_place);
}

PooledConnection* ConnectionPool::overdue(Instant now) const {
  if (order_.empty()) return nullptr;
  PooledConnection* first = order_.front();
  return order_.size() > capacity_ || now - first->idle_since > age_ ? first : nullptr;
}

}  // namespace pixhaul::net
