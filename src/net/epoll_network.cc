// The production Network. A request on a kept connection costs one send, one recv and its share of
// one epoll_wait: interest is changed only when it differs from what the kernel already holds, so a
// connection that waits for response after response never calls epoll_ctl again.
//
// Descriptors are small integers, so the watcher is found by index. The kernel hands back the
// descriptor with the generation it was registered under; an event of an earlier generation belongs
// to a socket that was closed in the same batch.

#include "net/epoll_network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

#include "base/check.h"
#include "net/address.h"

namespace pixhaul::net {
namespace {

constexpr int kEventsPerWait = 256;
constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};

std::uint32_t to_events(Interest interest) {
  std::uint32_t events = 0;
  if (interest == Interest::read || interest == Interest::read_write)
    events |= EPOLLIN | EPOLLRDHUP;
  if (interest == Interest::write || interest == Interest::read_write) events |= EPOLLOUT;
  return events;
}

std::uint64_t to_tag(SocketId socket, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(socket);
}

Error connect_error_of(const SocketAddress& to, int os_error) {
  return Error{
      .code = connect_failure(os_error), .os_error = os_error, .detail = "connect " + to.text()};
}

IoResult failed_or_blocked(int os_error) {
  if (os_error == EAGAIN || os_error == EWOULDBLOCK) return {.status = IoStatus::would_block};
  return {.status = IoStatus::failed, .os_error = os_error};
}

}  // namespace

ErrorCode connect_failure(int os_error) {
  switch (os_error) {
    case ECONNREFUSED:
      return ErrorCode::connect_refused;
    case ETIMEDOUT:
      return ErrorCode::connect_timeout;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return ErrorCode::connection_reset;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EBADF:
    case EINVAL:
      return ErrorCode::internal;
    default:  // ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES, EPERM, EAFNOSUPPORT, ICMP errors
              // …
      return ErrorCode::unreachable;
  }
}

Result<std::unique_ptr<EpollNetwork>> EpollNetwork::create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  if (!epoll.is_open() || !wake.is_open() ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return std::unexpected(
        Error{.code = ErrorCode::internal, .os_error = errno, .detail = "create the event loop"});
  }
  return std::unique_ptr<EpollNetwork>(new EpollNetwork(std::move(epoll), std::move(wake)));
}

Result<SocketId> EpollNetwork::connect(const SocketAddress& to) {
  const SystemAddress target = to_system(to);
  UniqueFd fd(
      ::socket(target.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.is_open()) return std::unexpected(connect_error_of(to, errno));
  // Requests are written whole; waiting for more to send (Nagle) would only cost a round trip.
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), target.get(), target.size) != 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return std::unexpected(connect_error_of(to, errno));
  }
  return fd.release();
}

int EpollNetwork::connect_error(SocketId socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

IoResult EpollNetwork::read(SocketId socket, std::span<std::byte> into) {
  PIXHAUL_DEBUG_CHECK(!into.empty());
  for (;;) {
    const ssize_t count = ::recv(socket, into.data(), into.size(), 0);
    if (count > 0) return {.status = IoStatus::ok, .bytes = static_cast<std::size_t>(count)};
    if (count == 0) return {.status = IoStatus::end};
    if (errno != EINTR) return failed_or_blocked(errno);
  }
}

IoResult EpollNetwork::write(SocketId socket, std::span<const std::byte> from) {
  for (;;) {
    const ssize_t count = ::send(socket, from.data(), from.size(), MSG_NOSIGNAL);
    if (count >= 0) return {.status = IoStatus::ok, .bytes = static_cast<std::size_t>(count)};
    if (errno != EINTR) return failed_or_blocked(errno);
  }
}

void EpollNetwork::close(SocketId socket) {
  PIXHAUL_CHECK(socket >= 0);
  // The kernel takes a closed descriptor out of the epoll set by itself.
  forget(socket);
  ::close(socket);
}

std::vector<IpAddress> EpollNetwork::own_addresses() { return local_addresses(); }

void EpollNetwork::forget(SocketId socket) {
  if (std::cmp_greater_equal(socket, slots_.size())) return;
  Slot& slot = slots_[static_cast<std::size_t>(socket)];
  slot = {.generation = slot.generation + 1};
}

void EpollNetwork::watch(SocketId socket, Interest interest, Watcher* watcher) {
  PIXHAUL_CHECK(socket >= 0);
  const auto index = static_cast<std::size_t>(socket);
  if (index >= slots_.size()) slots_.resize(std::max(index + 1, slots_.size() * 2));
  Slot& slot = slots_[index];
  if (interest == Interest::none) {
    if (slot.interest != Interest::none) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
    forget(socket);
    return;
  }
  slot.watcher = watcher;
  if (slot.interest == interest) return;
  epoll_event event{};
  event.events = to_events(interest);
  event.data.u64 = to_tag(socket, slot.generation);
  const bool is_known = slot.interest != Interest::none;
  int status = ::epoll_ctl(epoll_.get(), is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
  // The resolver's library may close a descriptor and get the same number again unseen by us.
  if (status != 0 && errno == ENOENT) {
    status = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event);
  }
  PIXHAUL_CHECK(status == 0);
  slot.interest = interest;
}

void EpollNetwork::wait(Duration timeout) {
  using std::chrono::milliseconds;
  // Rounded up: a timer that is due in 0.3 ms must not turn into a busy loop.
  const auto whole = std::chrono::ceil<milliseconds>(
      std::clamp(timeout, Duration::zero(), Duration(milliseconds(INT_MAX))));
  std::array<epoll_event, kEventsPerWait> events;
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), kEventsPerWait, static_cast<int>(whole.count()));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    deliver(event.data.u64, event.events);
  }
}

void EpollNetwork::deliver(std::uint64_t tag, std::uint32_t events) {
  if (tag == kWakeTag) {
    std::uint64_t wakes = 0;
    [[maybe_unused]] const ssize_t read_bytes = ::read(wake_.get(), &wakes, sizeof wakes);
    return;
  }
  const auto socket = static_cast<SocketId>(tag & 0xffffffffu);
  const Slot& slot = slots_[static_cast<std::size_t>(socket)];
  if (slot.generation != static_cast<std::uint32_t>(tag >> 32) || slot.watcher == nullptr) return;
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const bool readable = broken || (events & (EPOLLIN | EPOLLRDHUP)) != 0;
  const bool writable = (broken && slot.interest != Interest::read) || (events & EPOLLOUT) != 0;
  slot.watcher->on_ready(socket, readable, writable);
}

void EpollNetwork::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

}  // namespace pixhaul::net
