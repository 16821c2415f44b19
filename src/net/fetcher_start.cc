// Who goes next. The scheduler names a host; memory, the limit of the loop, a breaker or an opt-out
// may still say no. What may go becomes a transfer and takes a kept connection, or sets out to make
// one.
#include <fmt/format.h>

#include <utility>

#include "net/fetcher_engine.h"
#include "net/retry.h"

namespace pixhaul::net {

namespace {

// For a dead host, when nothing else is left to do.
constexpr Duration kWorthWaiting = std::chrono::seconds(10);
constexpr std::uint32_t kHttp2Connections = 4;

}  // namespace

void Fetcher::Engine::start_what_may() {
  if (stopping_) return;
  while (active_.size() < limit() && has_memory()) {
    Host* host = scheduler_.next(now_);
    if (host == nullptr) return give_up_if_only_parked();
    const bool is_row = host->queue.front().robots_for.empty();
    if (settings_.obey_robots_txt && is_row && !host->robots) {
      ask_robots(*host);
      continue;
    }
    Job job = scheduler_.take_job(*host);
    auto refusal = refuse_unasked(*host, job);
    if (refusal && !is_row) {
      learn_robots(job.robots_for, refusal->code, {});
      scheduler_.update(*host, now_);
    } else if (refusal) {
      give_result(job.id, job.attempts, std::move(*refusal));
      scheduler_.update(*host, now_);
    } else {
      start(*host, std::move(job));
    }
  }
}

// Nobody may start and nothing is under way: hosts the circuit breaker holds back are not waited
// for.
void Fetcher::Engine::give_up_if_only_parked() {
  if (!active_.empty() || scheduler_.waiting_count() == 0) return;
  if (scheduler_.next_due() - now_ > kWorthWaiting) scheduler_.give_up_parked(now_);
}

// With hysteresis: once there was no room, half of it must be free. It is given back by those who
// hold the results, or by the one transfer that may go on.
bool Fetcher::Engine::has_memory() {
  const bool enough =
      starved_.load(std::memory_order_relaxed) ? memory_.has_drained() : memory_.has_room();
  starved_.store(!enough, std::memory_order_relaxed);
  return enough;
}

// A host that is down or has opted out answers for its remaining rows without being asked.
std::optional<Error> Fetcher::Engine::refuse_unasked(const Host& host, const Job& job) const {
  if (host.throttle.is_down()) {
    return Error{.code = ErrorCode::host_down,
                 .detail = fmt::format("{} has answered nothing for long", host.origin)};
  }
  if (host.opt_outs.is_refused()) {
    return Error{.code = ErrorCode::opt_out,
                 .detail = "every answer of this host so far opted out"};
  }
  if (job.robots_for.empty() && host.robots && !host.robots->allows(job.url.target())) {
    return Error{.code = ErrorCode::robots_txt, .detail = "refused by the host's robots.txt"};
  }
  return std::nullopt;
}

void Fetcher::Engine::give_result(std::uint64_t id, std::uint16_t attempts, Error error) {
  FetchResult result{.id = id};
  result.outcome.status = error.code;
  result.outcome.detail = std::move(error.detail);
  result.outcome.attempts = attempts;
  result.outcome.transient = is_transient(error.code, 0);
  result.outcome.retrieved_at = clock_.wall_now();
  results_.push_back(std::move(result));
}

Transfer& Fetcher::Engine::new_transfer(Host& host, Job&& job) {
  if (spare_.empty()) spare_.push_back(std::make_unique<Transfer>());
  Transfer& transfer = *spare_.back();
  transfer.place = active_.size();
  active_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  transfer.job = std::move(job);
  ++transfer.job.attempts;
  transfer.host = &host;
  // Nothing of the last exchange may be taken for this one's when it fails before it is sent.
  transfer.exchange.begin(settings_.rules, nullptr, nullptr);
  transfer.started = transfer.phase_started = now_;
  return transfer;
}

void Fetcher::Engine::start(Host& host, Job&& job) {
  Transfer& transfer = new_transfer(host, std::move(job));
  scheduler_.count_start(host, now_);
  scheduler_.update(host, now_);
  begin(transfer);
}

PooledConnection* Fetcher::Engine::kept_connection(Host& host) {
  for (PooledConnection* connection : host.shared) {
    if (!connection->connection.can_take()) continue;
    pool_.remove(*connection);
    return connection;
  }
  return settings_.reuse_connections ? pool_.take(host) : nullptr;
}

// The connection that is about to be opened may turn out to serve many at once: the host's other
// jobs wait for it, or each would open its own.
bool Fetcher::Engine::may_become_shared(const Host& host) const {
  if (settings_.http == HttpChoice::http1 || !host.origin.starts_with("https:")) return false;
  return host.protocol == HostProtocol::unknown ||
         (host.protocol == HostProtocol::http2 && settings_.reuse_connections);
}

void Fetcher::Engine::end_waiting_for(Transfer& transfer) {
  if (std::exchange(transfer.is_pioneer, false)) transfer.host->awaits_protocol = false;
}

void Fetcher::Engine::begin(Transfer& transfer) {
  if (PooledConnection* kept = kept_connection(*transfer.host)) {
    transfer.reused = true;
    ++counters_.connections_reused;
    return send(transfer, *kept);
  }
  if (!transfer.host->shared.empty() && transfer.host->shared.size() >= kHttp2Connections) {
    // The server takes no more streams; the job goes back until one ends.
    return scheduler_.add_later(take_back(transfer), now_ + kHeldCheck);
  }
  if (may_become_shared(*transfer.host)) {
    transfer.is_pioneer = true;
    transfer.host->awaits_protocol = true;
  }
  if (auto literal = literal_address(transfer.job.url)) return target_known(transfer, {*literal});
  if (const Proxy* proxy = proxy_of(transfer); proxy != nullptr && resolves_names(*proxy)) {
    return target_known(transfer, {});
  }
  resolve(transfer, transfer.job.url.host());
}

}  // namespace pixhaul::net
