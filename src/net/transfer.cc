#include "net/transfer.h"

#include <fmt/format.h>

#include "net/fetcher.h"

namespace pixhaul::net {

namespace {

constexpr Duration kSpeedWindow = std::chrono::seconds(10);

std::string seconds_text(Duration duration) {
  return fmt::format("{:g} s", std::chrono::duration<double>(duration).count());
}

struct PhaseLimit {
  TransferState state;
  Duration FetchSettings::* limit;
  ErrorCode code;
  const char* what;
};

// "state → duration": what each phase may take by itself; the whole attempt is bounded besides.
constexpr PhaseLimit kPhaseLimits[] = {
    {TransferState::connecting, &FetchSettings::connect_timeout, ErrorCode::connect_timeout,
     "no connection"},
    {TransferState::handshaking, &FetchSettings::tls_timeout, ErrorCode::tls_handshake,
     "no TLS session"},
    {TransferState::waiting, &FetchSettings::first_byte_timeout, ErrorCode::too_slow,
     "no response head"},
};

bool is_crawling(Transfer& transfer, std::uint64_t min_speed, Instant now) {
  const Duration window = now - transfer.speed_since;
  if (window < kSpeedWindow) return false;
  const std::uint64_t bytes = transfer.exchange.wire_bytes() - transfer.speed_bytes;
  const double per_second =
      static_cast<double>(bytes) / std::chrono::duration<double>(window).count();
  transfer.speed_since = now;
  transfer.speed_bytes = transfer.exchange.wire_bytes();
  return per_second < static_cast<double>(min_speed);
}

}  // namespace

std::string_view name(TransferState state) {
  switch (state) {
    case TransferState::resolving:
      return "resolving";
    case TransferState::connecting:
      return "connecting";
    case TransferState::handshaking:
      return "handshaking";
    case TransferState::waiting:
      return "waiting";
    case TransferState::reading:
      return "reading";
  }
  return "";
}

float milliseconds(Duration duration) {
  return std::chrono::duration<float, std::milli>(duration).count();
}

void Transfer::reset() {
  Transfer fresh;
  fresh.judge = std::move(judge);
  fresh.exchange = std::move(exchange);
  *this = std::move(fresh);
}

float Transfer::enter(TransferState next, Instant now) {
  const float took = milliseconds(now - phase_started);
  state = next;
  phase_started = now;
  return took;
}

std::optional<Error> overrun(Transfer& transfer, const FetchSettings& settings, Instant now) {
  if (transfer.held_since != Instant{}) return std::nullopt;
  if (now - transfer.started - transfer.held + transfer.job.spent > settings.deadline) {
    // A deadline shorter than the resolver's own patience changes nothing about whose silence it
    // is.
    if (transfer.state == TransferState::resolving) {
      return Error{
          .code = ErrorCode::dns_timeout,
          .detail = fmt::format("no DNS answer within {}", seconds_text(settings.deadline))};
    }
    return Error{.code = ErrorCode::deadline,
                 .detail = fmt::format("not done within {}, while {}",
                                       seconds_text(settings.deadline), name(transfer.state))};
  }
  for (const PhaseLimit& phase : kPhaseLimits) {
    if (phase.state == transfer.state && now - transfer.phase_started > settings.*phase.limit) {
      return Error{
          .code = phase.code,
          .detail = fmt::format("{} within {}", phase.what, seconds_text(settings.*phase.limit))};
    }
  }
  if (transfer.state == TransferState::reading && settings.min_speed > 0 &&
      is_crawling(transfer, settings.min_speed, now)) {
    return Error{.code = ErrorCode::too_slow,
                 .detail = fmt::format("under {} bytes/s for 10 s", settings.min_speed)};
  }
  return std::nullopt;
}

}  // namespace pixhaul::net
