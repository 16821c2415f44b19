#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// What one question gave: addresses of one family with the time they may be kept, or why not.
struct Answer {
  std::string name{};
  AddressFamily family = AddressFamily::v4;
  std::vector<IpAddress> addresses{};
  Duration ttl{};  ///< smallest of the chain; of the SOA for a negative answer, if known
  ErrorCode status = ErrorCode::success;  ///< dns_not_found (no such name, or no such record),
                                          ///< dns_timeout, dns_error
  std::string detail{};
};

/// Asks the network for addresses. No cache, no coalescing: NameCache does that. One thread.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Asks; the answer is in a later `take_answers()`.
  virtual void ask(std::string_view name, AddressFamily family) = 0;
  /// Does what is due by `now` (time-outs, repeats) and moves finished answers to the end of
  /// `answers`.
  virtual void take_answers(Instant now, std::vector<Answer>& answers) = 0;
  /// When `take_answers` wants to be called next although no socket is ready; Instant::max() if
  /// never.
  [[nodiscard]] virtual Instant next_due() const = 0;
};

}  // namespace pixhaul::net
