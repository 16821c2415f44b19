#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "net/connection.h"
#include "net/network.h"

namespace pixhaul::net {

struct Host;
struct Transfer;

/// A connection with what the engine needs to know about it: whose it is, who is on it, since when
/// it is idle.
class PooledConnection final : public Watcher {
 public:
  class Owner {
   public:
    virtual void on_connection_ready(PooledConnection& connection, bool readable) = 0;

   protected:
    ~Owner() = default;
  };

  PooledConnection(Owner& owner, Network& network, SocketId socket, ConnectionPlan plan,
                   TlsContext& context, TlsSessionCache& cache)
      : connection(network, socket, std::move(plan), context, cache), owner_(owner) {}

  void on_ready(SocketId, bool readable, bool) override {
    owner_.on_connection_ready(*this, readable);
  }

  Connection connection;
  Host* host = nullptr;
  SocketAddress address{};
  std::string address_text{};          ///< "203.0.113.7:443", made once
  std::vector<Transfer*> transfers{};  ///< on it, or waiting for its set-up
  std::uint64_t served = 0;            ///< exchanges begun on it
  bool is_held = false;                ///< not watched: the loop may not read now
  Instant draining_since{};            ///< reading away what is not wanted; else Instant{}
  Instant idle_since{};
  bool is_pooled = false;
  std::list<PooledConnection*>::iterator idle_place{};  ///< valid while in the pool

 private:
  Owner& owner_;
};

/// Idle connections that are kept for reuse, over all hosts, least recently used first. HTTP/1.1
/// ones are handed out by `take`; HTTP/2 ones are found through their host. Owns none of them.
class ConnectionPool {
 public:
  ConnectionPool(std::size_t capacity, Duration age) : capacity_(capacity), age_(age) {}

  void add(PooledConnection& connection, Instant now);
  /// The most recently used idle HTTP/1.1 connection of the host, or null.
  [[nodiscard]] PooledConnection* take(Host& host);
  void remove(PooledConnection& connection);
  /// One that should be closed: the pool is over its capacity, or it has been idle too long. Null
  /// when none.
  [[nodiscard]] PooledConnection* overdue(Instant now) const;
  /// The least recently used one, to make room for others. Null when empty.
  [[nodiscard]] PooledConnection* oldest() const {
    return order_.empty() ? nullptr : order_.front();
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  std::size_t capacity_;
  Duration age_;
  std::list<PooledConnection*> order_;
};

}  // namespace pixhaul::net
