#pragma once

#include <cstdint>
#include <functional>

#include "support/ledger.h"
#include "support/script.h"
#include "support/transport.h"

namespace pixhaul::testing {

/// What a connection's server needs of the origin. Borrowed for the connection's life.
struct ConnectionContext {
  std::uint64_t id = 0;
  bool is_tls = false;
  std::uint32_t h2_max_concurrent_streams = 100;
  std::reference_wrapper<Ledger> ledger;
  std::function<Script(const Request&)> script_for;  ///< any thread
};

/// Reads requests and carries out their scripts until the connection is over.
void serve_http1(Transport& transport, const ConnectionContext& context);
void serve_http2(Transport& transport, const ConnectionContext& context);

/// A raw HTTP/2 frame, RFC 9113 §4.1, for Step::send.
[[nodiscard]] std::string h2_frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream_id,
                                   std::string_view payload);

}  // namespace pixhaul::testing
