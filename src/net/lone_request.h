#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/hosts_file.h"
#include "net/network.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "net/url.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// What a lone request goes over; none is owned.
struct LoneNet {
  Network& network;
  Resolver& resolver;
  const HostsFile& hosts;
  TlsContext& tls;
  const Clock& clock;
};

/// A request with a small body; Host, Content-Length and "Connection: close" are added.
struct LoneRequest {
  std::string method = "GET";
  Url url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string_view body{};
};

struct LoneAnswer {
  std::uint16_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< names as sent
  std::string body{};  ///< at most its first 64 KiB; framing of chunks is left in it

  /// Value of the first header of that name ("" if absent); `name` in lower case.
  [[nodiscard]] std::string_view find(std::string_view name) const;
};

/// Sends one HTTP/1.1 request over a connection of its own and waits for the answer: for the few
/// requests the command makes on its own behalf, to a server the user named. The address guard is
/// not asked, nothing is repeated, no redirect is followed, no proxy used. Blocks the thread, which
/// owns `net`. Errors: those of an attempt (dns_*, connect_*, unreachable, tls_*, connection_reset,
/// protocol_error, header_limit), deadline after `limit`.
[[nodiscard]] Result<LoneAnswer> send_lone_request(const LoneNet& net, const LoneRequest& request,
                                                   Duration limit);

}  // namespace pixhaul::net
