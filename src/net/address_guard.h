#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Decides which addresses may be contacted: ask it about the socket address itself, right before
/// every connect, so that neither odd spellings nor a second DNS answer get past. Refuses private
/// and special ranges, IPv6 outside 2000::/3, IPv6 that carries a refused IPv4 address, and this
/// machine's own addresses; `allow_net` permits blocks of them. Any thread may ask; `know_own` is
/// its owner's. Each loop has a copy, whose own addresses it renews every 60 s.
class AddressGuard {
 public:
  /// Why an address is refused, and the smallest block that would permit it.
  struct Reason {
    std::string_view what;  ///< "loopback"
    Cidr remedy;
  };

  /// `own` are this machine's addresses (`local_addresses()`). Error: bad_option for a block that
  /// is none.
  [[nodiscard]] static Result<AddressGuard> create(std::span<const std::string> allow_net,
                                                   std::vector<IpAddress> own = {});

  /// This machine's addresses are these from now on.
  void know_own(std::vector<IpAddress> own);

  /// Error: address_denied, "127.0.0.1 is loopback; --allow_net 127.0.0.0/8 permits it".
  [[nodiscard]] Result<> check(const IpAddress& address) const;

 private:
  AddressGuard() = default;
  [[nodiscard]] bool is_allowed(const IpAddress& address) const;
  [[nodiscard]] bool is_own(const IpAddress& address) const;
  [[nodiscard]] std::optional<Reason> reason_against(const IpAddress& address) const;
  [[nodiscard]] Result<> check_embedded(const IpAddress& address) const;

  std::vector<Cidr> allowed_;
  std::vector<IpAddress> own_;  // sorted
};

}  // namespace pixhaul::net
