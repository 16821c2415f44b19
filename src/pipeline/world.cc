#include "pipeline/world.h"

#include <utility>

#include "base/random.h"
#include "net/cares_resolver.h"
#include "net/epoll_network.h"
#include "net/name_cache.h"

namespace pixhaul::pipeline {

Result<LoopNet> MachineWorld::open_loop(const std::vector<std::string>& dns_servers) {
  auto network = net::EpollNetwork::create();
  if (!network) return std::unexpected(std::move(network).error());
  auto resolver = net::CaresResolver::create(**network, {.dns_servers = dns_servers});
  if (!resolver) return std::unexpected(std::move(resolver).error());
  return LoopNet{.network = std::move(*network),
                 .resolver = std::move(*resolver),
                 .random_seed = system_seed(),
                 .ask_ipv6 = net::machine_has_ipv6()};
}

}  // namespace pixhaul::pipeline
