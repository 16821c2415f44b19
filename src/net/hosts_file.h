#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/address.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Names with fixed addresses, as in /etc/hosts (hosts(5)). Immutable after it was read.
class HostsFile {
 public:
  using Entries = std::unordered_map<std::string, std::vector<IpAddress>>;

  /// Lines of an address and its names; `#` begins a comment. Names are kept in lower case,
  /// addresses in the order of the file. Lines that say nothing usable are skipped, as every
  /// resolver does.
  [[nodiscard]] static HostsFile parse(std::string_view text);
  /// A missing file is an empty one. Errors: input_unreadable.
  [[nodiscard]] static Result<HostsFile> open(const std::string& path = "/etc/hosts");

  [[nodiscard]] const Entries& entries() const { return entries_; }

 private:
  Entries entries_;
};

}  // namespace pixhaul::net
