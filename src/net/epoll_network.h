#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "net/network.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Network over non-blocking sockets and level-triggered epoll. One thread, except `wake()`.
///
/// Events found by one `wait()` for a socket that a watcher closed or forgot during the same batch
/// are dropped, also when its descriptor has been given to a new socket meanwhile. A broken or
/// closed socket (EPOLLERR, EPOLLHUP, EPOLLRDHUP) is reported as ready for what its watcher waits
/// for, and as readable; the read or write then says what happened.
class EpollNetwork final : public Network {
 public:
  /// Errors: internal (out of descriptors).
  [[nodiscard]] static Result<std::unique_ptr<EpollNetwork>> create();
  ~EpollNetwork() override = default;
  EpollNetwork(const EpollNetwork&) = delete;
  EpollNetwork& operator=(const EpollNetwork&) = delete;

  [[nodiscard]] Result<SocketId> connect(const SocketAddress& to) override;
  [[nodiscard]] int connect_error(SocketId socket) override;
  [[nodiscard]] IoResult read(SocketId socket, std::span<std::byte> into) override;
  [[nodiscard]] IoResult write(SocketId socket, std::span<const std::byte> from) override;
  void close(SocketId socket) override;
  [[nodiscard]] std::vector<IpAddress> own_addresses() override;
  void watch(SocketId socket, Interest interest, Watcher* watcher) override;
  void wait(Duration timeout) override;
  void wake() override;

 private:
  struct Slot {
    Watcher* watcher = nullptr;  // not owned; outlives the watch
    Interest interest = Interest::none;
    std::uint32_t generation = 0;  // grows when the socket is closed or forgotten
  };

  EpollNetwork(UniqueFd epoll, UniqueFd wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}
  void forget(SocketId socket);
  void deliver(std::uint64_t tag, std::uint32_t events);

  UniqueFd epoll_;
  UniqueFd wake_;
  std::vector<Slot> slots_;  // by descriptor
};

/// What a failed connect means: connect_refused, unreachable, connect_timeout, connection_reset, or
/// internal when this process is short of something (descriptors, memory).
[[nodiscard]] ErrorCode connect_failure(int os_error);

}  // namespace pixhaul::net
