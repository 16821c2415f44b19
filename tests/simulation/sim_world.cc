#include "simulation/sim_world.h"

#include <utility>

namespace pixhaul::testing {

void SimWorld::serve(std::string_view name, std::string_view address, SimServer server) {
  answer(name, {.addresses = {std::string(address)}});
  servers_[std::string(address)] = std::move(server);
}

void SimWorld::answer(std::string_view name, SimName what) {
  names_[std::string(name)] = std::move(what);
}

Result<pipeline::LoopNet> SimWorld::open_loop(const std::vector<std::string>&) {
  auto network = std::make_unique<SimNetwork>(clock_);
  for (const auto& [address, server] : servers_)
    network->serve({.ip = *net::parse_ip_address(address), .port = 80}, server);
  auto resolver = std::make_unique<SimResolver>(clock_);
  for (const auto& [name, what] : names_) resolver->answer(name, what);
  return pipeline::LoopNet{.network = std::move(network),
                           .resolver = std::move(resolver),
                           .random_seed = chance_.next(),
                           .ask_ipv6 = false};
}

}  // namespace pixhaul::testing
