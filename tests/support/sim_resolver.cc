#include "support/sim_resolver.h"

#include <algorithm>
#include <utility>

namespace pixhaul::testing {

void SimResolver::ask(std::string_view name, net::AddressFamily family) {
  ++questions_;
  const auto found = names_.find(name);
  const SimName what =
      found != names_.end() ? found->second : SimName{.failure = ErrorCode::dns_not_found};
  net::Answer answer{.name = std::string(name), .family = family, .ttl = what.ttl};
  for (const std::string& text : what.addresses) {
    const auto address = net::parse_ip_address(text);
    if (address && address->family == family) answer.addresses.push_back(*address);
  }
  answer.status = what.failure != ErrorCode::success ? what.failure
                  : answer.addresses.empty()         ? ErrorCode::dns_not_found
                                                     : ErrorCode::success;
  pending_.push_back({clock_.now() + what.delay, std::move(answer)});
}

void SimResolver::take_answers(Instant now, std::vector<net::Answer>& answers) {
  for (Pending& pending : pending_) {
    if (pending.at <= now) answers.push_back(std::move(pending.answer));
  }
  std::erase_if(pending_, [now](const Pending& pending) { return pending.at <= now; });
}

Instant SimResolver::next_due() const {
  Instant due = Instant::max();
  for (const Pending& pending : pending_) due = std::min(due, pending.at);
  return due;
}

}  // namespace pixhaul::testing
