#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

struct IpAddress;
struct SocketAddress;

/// A socket of a Network; in production its descriptor.
using SocketId = int;

enum class Interest : std::uint8_t { none = 0, read = 1, write = 2, read_write = 3 };

enum class IoStatus : std::uint8_t {
  ok,           // `bytes` > 0 were moved
  would_block,  // try again when ready
  end,          // the peer closed its side in order
  failed        // `os_error` says why; the socket is dead
};

struct IoResult {
  IoStatus status = IoStatus::would_block;
  std::size_t bytes = 0;
  int os_error = 0;
};

/// Told when a socket it watches is ready. It may close any socket and be destroyed only after the
/// batch of events it was called in (the fetcher keeps a graveyard for that).
class Watcher {
 public:
  virtual void on_ready(SocketId socket, bool readable, bool writable) = 0;

 protected:
  ~Watcher() = default;
};

/// The sockets and the readiness loop of one thread: the engine's only door to the network.
/// EpollNetwork is the real one; the simulated one moves its clock instead of waiting. One thread,
/// except `wake()`.
class Network {
 public:
  virtual ~Network() = default;

  /// Begins a non-blocking TCP connect; the socket becomes writable when it is decided.
  /// Errors: connect_refused, unreachable, internal (out of descriptors: os_error EMFILE, ENFILE).
  [[nodiscard]] virtual Result<SocketId> connect(const SocketAddress& to) = 0;
  /// After the first writable event: 0 when connected, else the errno of the failure.
  [[nodiscard]] virtual int connect_error(SocketId socket) = 0;
  [[nodiscard]] virtual IoResult read(SocketId socket, std::span<std::byte> into) = 0;
  [[nodiscard]] virtual IoResult write(SocketId socket, std::span<const std::byte> from) = 0;
  virtual void close(SocketId socket) = 0;

  /// The addresses of all of this machine's interfaces, as they are now.
  [[nodiscard]] virtual std::vector<IpAddress> own_addresses() = 0;

  /// What `watcher` (not owned; outlives the watch) wants to hear about `socket`. Level-triggered.
  /// `none` forgets the socket; also for descriptors opened by others (the resolver's).
  virtual void watch(SocketId socket, Interest interest, Watcher* watcher) = 0;
  /// Waits until a socket is ready, `wake()` is called or `timeout` has passed, and tells the
  /// watchers.
  virtual void wait(Duration timeout) = 0;
  /// Ends a `wait()` under way or the next one. Any thread.
  virtual void wake() = 0;
};

}  // namespace pixhaul::net
