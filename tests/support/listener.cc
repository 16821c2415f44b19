#include "support/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"

namespace pixhaul::testing {
namespace {

// The socket interface takes every address as sockaddr.
template <class Address>
bool bind_to(int fd, const Address& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

std::optional<UniqueFd> bind_loopback(Family family, SocketType type, std::uint16_t port) {
  const int kind = (type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
  UniqueFd fd(::socket(family == Family::ipv4 ? AF_INET : AF_INET6, kind, 0));
  if (!fd.is_open()) return std::nullopt;
  const int one = 1;
  if (type == SocketType::stream) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  }
  bool bound = false;
  if (family == Family::ipv4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bound = bind_to(fd.get(), address);
  } else {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    bound = bind_to(fd.get(), address);
  }
  if (!bound) return std::nullopt;
  return fd;
}

std::uint16_t local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  PIXHAUL_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace pixhaul::testing
