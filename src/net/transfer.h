#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/dial.h"
#include "net/exchange.h"
#include "net/job.h"
#include "pixhaul/outcome.h"

namespace pixhaul::net {

struct AddressState;
struct FetchSettings;
struct Host;
class PooledConnection;

/// Where a transfer is; each state has its limit (see `overrun`).
enum class TransferState : std::uint8_t { resolving, connecting, handshaking, waiting, reading };

[[nodiscard]] std::string_view name(TransferState state);

/// One attempt at one hop of a job: everything that exists only while it is in flight.
struct Transfer {
  Job job{};
  Host* host = nullptr;
  AddressState* address = nullptr;  ///< counted in flight there
  PooledConnection* connection = nullptr;
  std::unique_ptr<Dial> dial{};
  Exchange exchange{};
  std::unique_ptr<BodyJudge> judge{};
  std::unique_ptr<BodySink> sink{};
  TransferState state = TransferState::resolving;
  bool reused = false;
  bool is_pioneer = false;       ///< other jobs of the host wait for the connection it opens
  bool resolving_proxy = false;  ///< the target is known, the proxy's name is being resolved
  std::string proxy_target{};    ///< what the proxy is asked to connect to
  std::string address_text{};
  std::string_view tls_version{};  ///< static text, as are its likes in Outcome
  std::string_view http_version{};
  Instant started{};
  Instant phase_started{};
  Instant held_since{};  ///< Instant{} when not held
  Duration held{};       ///< waited on our own limits: stops the clock
  Instant speed_since{};
  std::uint64_t speed_bytes = 0;
  std::uint64_t counted_bytes = 0;  ///< wire bytes already in the counters
  std::uint64_t charged_bytes = 0;  ///< in the memory budget
  PhaseTimes times{};
  std::size_t place = 0;  ///< in the engine's list of transfers in flight

  /// Ready for another job; the judge and the exchange's memory are kept.
  void reset();
  /// Enters the next state and returns the milliseconds the last one took.
  float enter(TransferState next, Instant now);
};

/// Which limit the transfer has overrun by `now`, if any: the table of deadlines. Also moves the
/// speed window on.
[[nodiscard]] std::optional<Error> overrun(Transfer& transfer, const FetchSettings& settings,
                                           Instant now);

[[nodiscard]] float milliseconds(Duration duration);

}  // namespace pixhaul::net
