// The engine of one loop. A job becomes a transfer when its host's turn comes, and the transfer
// then walks
//
//   resolving → connecting → handshaking → waiting → reading → its end
//
// skipping what a kept connection saves. Every step happens inside `step()`: timers first, then
// starts, then whatever the network says. Connections and dials are told they are ready by the
// network; they may be given up in the middle of a batch of events and are therefore buried at the
// end of the step, not destroyed at once.
//
// Here are the turn itself, what goes in and out of it, and the face; the way of a transfer lies in
// fetcher_start, fetcher_connect, fetcher_drive and fetcher_end.
#include "net/fetcher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "net/fetcher_engine.h"

namespace pixhaul::net {

namespace {

constexpr Duration kGuardEvery = std::chrono::seconds(1);
// A look at the 10,000 hosts of one loop takes about a millisecond.
constexpr std::size_t kReportedHosts = 20;
constexpr Duration kReportEvery = std::chrono::seconds(1);
constexpr Duration kReportManyEvery = std::chrono::seconds(5);
constexpr std::size_t kManyHosts = 4096;
constexpr Duration kLongestDrain = std::chrono::seconds(5);
constexpr std::size_t kRecycledBytes = 256 * 1024;  // larger buffers are freed
// More than the 500 KiB that are parsed (RFC 9309 §2.5), so that the parser sees where they end.
constexpr std::uint64_t kRobotsBytes = 512 * 1024;

ThrottleLimits address_limits(const FetchSettings& settings) {
  const auto most = static_cast<std::uint16_t>(std::min<std::uint32_t>(
      std::max(settings.address_concurrency, settings.host_concurrency), UINT16_MAX));
  return {.start = settings.adaptive ? std::max<std::uint16_t>(most / 2, 1) : most, .max = most};
}

void count_state(StateCounts& states, TransferState state) {
  switch (state) {
    case TransferState::resolving:
      ++states.resolving;
      break;
    case TransferState::connecting:
      ++states.connecting;
      break;
    case TransferState::handshaking:
      ++states.handshaking;
      break;
    case TransferState::waiting:
      ++states.waiting;
      break;
    case TransferState::reading:
      ++states.reading;
      break;
  }
}

}  // namespace

ThrottleLimits throttle_limits(const FetchSettings& settings, bool http2) {
  const auto most =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(settings.host_concurrency, UINT16_MAX));
  if (!settings.adaptive) return {.start = most, .max = most};
  return host_limits(http2, most == 0 ? std::nullopt : std::optional(most));
}

std::uint32_t loop_of(const Url& url, std::uint32_t loop_count) {
  return loop_count <= 1
             ? 0
             : static_cast<std::uint32_t>(std::hash<std::string_view>()(url.host()) % loop_count);
}

Fetcher::Engine::Engine(FetchSettings settings, Network& network, Resolver& resolver,
                        const HostsFile& hosts, const Clock& clock, Random& random,
                        const AddressGuard& guard, TlsContext& tls, MemoryBudget& memory,
                        TransferParts& parts)
    : settings_(std::move(settings)),
      robots_rules_{.max_body_bytes = kRobotsBytes, .keeps_first_part = true},
      network_(network),
      clock_(clock),
      guard_(guard),
      tls_(tls),
      memory_(memory),
      parts_(parts),
      names_(resolver, hosts, {.ask_ipv6 = settings_.ask_ipv6}),
      scheduler_({.host = throttle_limits(settings_, false),
                  .address = address_limits(settings_),
                  .host_interval = settings_.host_interval},
                 random),
      pool_(settings_.idle_connections, settings_.idle_age),
      writer_(settings_),
      link_guard_(settings_.deadline, settings_.concurrency, settings_.concurrency),
      rate_(settings_.limit_rate),
      now_(clock.now()),
      own_known_at_(now_),
      sampled_at_(now_) {}

Fetcher::Engine::~Engine() {
  for (auto& transfer : active_) memory_.release(transfer->charged_bytes);
  for (const FetchResult& result : results_) memory_.release_finished(result.body.capacity());
}

// ---- one turn

void Fetcher::Engine::step(Duration longest) {
  tick();
  scheduler_.advance(now_);
  names_finished_.clear();
  names_.advance(now_, names_finished_);
  for (const std::string& name : names_finished_) {
    auto waiting = resolving_.extract(name);
    if (waiting.empty()) continue;
    for (Transfer* transfer : waiting.mapped()) name_known(*transfer, name);
  }
  if (now_ >= next_sweep_) sweep();
  if (now_ >= next_dial_) advance_dials();
  if (!held_.empty()) let_go();
  start_what_may();
  network_.wait(results_.empty() && strays_.empty() ? until_due(longest) : Duration::zero());
  tick();
  start_what_may();
  buried_connections_.clear();
  buried_dials_.clear();
}

Duration Fetcher::Engine::until_due(Duration longest) const {
  Instant due = std::min({scheduler_.next_due(), names_.next_due(), next_dial_});
  if (!active_.empty() || pool_.size() > 0 || !draining_.empty()) due = std::min(due, next_sweep_);
  const bool waits_for_memory = memory_.is_full() && scheduler_.waiting_count() > 0;
  if (!held_.empty() || waits_for_memory) due = std::min(due, now_ + kHeldCheck);
  if (due == Instant::max()) return longest;
  return std::clamp(due - now_, Duration::zero(), longest);
}

std::size_t Fetcher::Engine::limit() const {
  std::size_t limit = std::min<std::size_t>(settings_.concurrency, socket_limit_);
  return settings_.adaptive ? std::min<std::size_t>(limit, link_guard_.limit()) : limit;
}

void Fetcher::Engine::sweep() {
  next_sweep_ = now_ + kSweepEvery;
  counters_.states = {};
  for (const auto& transfer : active_) count_state(counters_.states, transfer->state);
  for (std::size_t i = active_.size(); i-- > 0;) {
    if (i >= active_.size()) continue;
    Transfer& transfer = *active_[i];
    if (auto error = overrun(transfer, settings_, now_)) end_early(transfer, std::move(*error));
  }
  while (PooledConnection* idle = pool_.overdue(now_)) close(*idle);
  while (!draining_.empty() && now_ - draining_.front()->draining_since > kLongestDrain) {
    close(*draining_.front());
  }
  if (socket_limit_ < settings_.concurrency) ++socket_limit_;
  if (now_ < next_guard_) return;
  next_guard_ = now_ + kGuardEvery;
  sample_.elapsed = now_ - std::exchange(sampled_at_, now_);
  sample_.active = static_cast<unsigned>(active_.size());
  link_guard_.on_sample(std::exchange(sample_, {}));
  scheduler_.forget_inert_hosts(now_);
  if (now_ >= next_report_) report_hosts();
}

void Fetcher::Engine::report_hosts() {
  next_report_ = now_ + (scheduler_.host_count() > kManyHosts ? kReportManyEvery : kReportEvery);
  host_reports_ = scheduler_.report_hosts(now_, kReportedHosts);
  has_host_news_ = true;
}

bool Fetcher::Engine::take_host_reports(std::vector<HostReport>& into) {
  if (!std::exchange(has_host_news_, false)) return false;
  into = host_reports_;
  return true;
}

// ---- what goes in and out

void Fetcher::Engine::take_results(std::vector<FetchResult>& results) {
  std::move(results_.begin(), results_.end(), std::back_inserter(results));
  results_.clear();
}

void Fetcher::Engine::take_strays(std::vector<Job>& strays) {
  std::move(strays_.begin(), strays_.end(), std::back_inserter(strays));
  strays_.clear();
}

void Fetcher::Engine::recycle(Buffer&& buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > kRecycledBytes || buffers_.size() >= 64) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

FetchCounters Fetcher::Engine::counters() const {
  FetchCounters counters = counters_;
  counters.in_flight = static_cast<std::uint32_t>(active_.size());
  counters.limit = static_cast<std::uint32_t>(std::min<std::size_t>(limit(), UINT32_MAX));
  counters.waiting = scheduler_.waiting_count();
  counters.hosts = scheduler_.host_count();
  counters.held_by_link = settings_.adaptive && link_guard_.limit() < settings_.concurrency &&
                          active_.size() >= link_guard_.limit();
  counters.held_by_rate = !held_.empty() && settings_.limit_rate > 0;
  counters.held_by_memory = starved_.load(std::memory_order_relaxed);
  return counters;
}

// ---- the face

Fetcher::Fetcher(FetchSettings settings, Network& network, Resolver& resolver,
                 const HostsFile& hosts, const Clock& clock, Random& random,
                 const AddressGuard& guard, TlsContext& tls, MemoryBudget& memory,
                 TransferParts& parts)
    : engine_(std::make_unique<Engine>(std::move(settings), network, resolver, hosts, clock, random,
                                       guard, tls, memory, parts)) {}
Fetcher::~Fetcher() = default;
void Fetcher::submit(Job&& job) { engine_->submit(std::move(job)); }
void Fetcher::step(Duration longest) { engine_->step(longest); }
void Fetcher::take_results(std::vector<FetchResult>& results) { engine_->take_results(results); }
void Fetcher::take_strays(std::vector<Job>& strays) { engine_->take_strays(strays); }
void Fetcher::recycle(Buffer&& buffer) { engine_->recycle(std::move(buffer)); }
std::size_t Fetcher::load() const { return engine_->load(); }
std::size_t Fetcher::in_flight() const { return engine_->in_flight(); }
bool Fetcher::may_resume() const { return engine_->may_resume(); }
void Fetcher::stop_starting() { engine_->stop_starting(); }
FetchCounters Fetcher::counters() const { return engine_->counters(); }
bool Fetcher::take_host_reports(std::vector<HostReport>& into) {
  return engine_->take_host_reports(into);
}

}  // namespace pixhaul::net
