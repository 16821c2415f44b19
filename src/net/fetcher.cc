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
// An end is one of: a result; a retry behind a delay; the same job once more because a kept
// connection died under it; the next hop of a redirect, here or on the loop that host lives on.
#include "net/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <unordered_map>

#include "base/check.h"
#include "net/link_guard.h"
#include "net/name_cache.h"
#include "net/pool.h"
#include "net/request_writer.h"
#include "net/retry.h"
#include "net/scheduler.h"
#include "net/throttle.h"
#include "net/token_bucket.h"
#include "net/transfer.h"

namespace pixhaul::net {

namespace {

constexpr Duration kSweepEvery = std::chrono::milliseconds(100);
constexpr Duration kGuardEvery = std::chrono::seconds(1);
constexpr Duration kLongestDrain = std::chrono::seconds(5);
constexpr Duration kHeldCheck = std::chrono::milliseconds(10);
constexpr Duration kWorthWaiting =
    std::chrono::seconds(10);  // for a dead host, when nothing else is left to do
constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::size_t kRecycledBytes = 256 * 1024;  // larger buffers are freed
constexpr std::uint8_t kDeferralLimit = 10;
constexpr std::uint32_t kHttp2Connections = 4;
constexpr std::uint64_t kRobotsBytes = 500 * 1024;  // RFC 9309 §2.5
constexpr std::string_view kHttp1Name = "1.1";
constexpr std::string_view kHttp2Name = "2";

ThrottleLimits throttle_limits(const FetchSettings& settings, bool http2) {
  const auto most =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(settings.host_concurrency, UINT16_MAX));
  if (!settings.adaptive) return {.start = most, .max = most};
  return host_limits(http2, most == 0 ? std::nullopt : std::optional(most));
}

ThrottleLimits address_limits(const FetchSettings& settings) {
  const auto most = static_cast<std::uint16_t>(std::min<std::uint32_t>(
      std::max(settings.address_concurrency, settings.host_concurrency), UINT16_MAX));
  return {.start = settings.adaptive ? std::max<std::uint16_t>(most / 2, 1) : most, .max = most};
}

// What a failure says about load; nothing when it says nothing.
std::optional<Congestion> congestion_of(ErrorCode code, std::uint16_t http_status) {
  switch (code) {
    case ErrorCode::rate_limited:
      return Congestion::rate_limited;
    case ErrorCode::http_5xx:
      return http_status == 503 ? std::optional(Congestion::rate_limited) : std::nullopt;
    case ErrorCode::connect_refused:
      return Congestion::refused;
    case ErrorCode::connection_reset:
      return Congestion::reset;
    case ErrorCode::connect_timeout:
    case ErrorCode::too_slow:
    case ErrorCode::deadline:
      return Congestion::timeout;
    default:
      return std::nullopt;
  }
}

// Ends that are the row's own doing or ours, not the host's.
bool says_nothing(ErrorCode code) {
  return code == ErrorCode::address_denied || code == ErrorCode::protocol_error ||
         code == ErrorCode::header_limit || code == ErrorCode::output_unwritable ||
         code == ErrorCode::disk_full;
}

}  // namespace

std::uint32_t loop_of(const Url& url, std::uint32_t loop_count) {
  return loop_count <= 1
             ? 0
             : static_cast<std::uint32_t>(std::hash<std::string_view>()(url.host()) % loop_count);
}

class Fetcher::Engine final : public PooledConnection::Owner, public Dial::Owner {
 public:
  Engine(FetchSettings settings, Network& network, Resolver& resolver, const HostsFile& hosts,
         const Clock& clock, Random& random, const AddressGuard& guard, TlsContext& tls,
         MemoryBudget& memory, TransferParts& parts);
  ~Engine();

  void submit(Job&& job) { scheduler_.add(std::move(job), now_); }
  void step(Duration longest);
  void take_results(std::vector<FetchResult>& results);
  void take_strays(std::vector<Job>& strays);
  void recycle(Buffer&& buffer);
  [[nodiscard]] std::size_t load() const { return scheduler_.waiting_count() + active_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return active_.size(); }
  void stop_starting() { stopping_ = true; }
  [[nodiscard]] bool may_resume() const {
    return starved_.load(std::memory_order_relaxed) && memory_.has_drained();
  }
  [[nodiscard]] FetchCounters counters() const;

  void on_connection_ready(PooledConnection& connection, bool readable) override;
  void on_dial_changed(Dial& dial) override;

 private:
  // starting
  void start_what_may();
  void start(Host& host, Job&& job);
  [[nodiscard]] std::optional<Error> refuse_unasked(const Host& host, const Job& job) const;
  void ask_robots(Host& host);
  Transfer& new_transfer(Host& host, Job&& job);
  [[nodiscard]] std::size_t limit() const;
  [[nodiscard]] bool has_memory();
  void give_up_if_only_parked();

  // the steps of a transfer
  void begin(Transfer& transfer);
  void resolve(Transfer& transfer, std::string_view name);
  void name_known(Transfer& transfer, std::string_view name);
  void target_known(Transfer& transfer, const std::vector<IpAddress>& addresses);
  void dial(Transfer& transfer, const std::vector<IpAddress>& addresses, std::uint16_t port);
  void dial_changed(Transfer& transfer);
  void bury_dial(Transfer& transfer);
  void advance_dials();
  void connected(Transfer& transfer);
  void lend_buffer(PooledConnection& connection);
  void send(Transfer& transfer, PooledConnection& connection);
  void drive(PooledConnection& connection, bool readable);
  void connection_active(PooledConnection& connection);
  void setup_failed(PooledConnection& connection);
  void look_at(Transfer& transfer);
  void settle(PooledConnection& connection);
  [[nodiscard]] PooledConnection* kept_connection(Host& host);
  [[nodiscard]] const Proxy* proxy_of(const Transfer& transfer) const;
  [[nodiscard]] bool resolves_names(const Proxy& proxy) const {
    return settings_.proxy_resolves || proxy.kind == ProxyKind::socks5h;
  }

  // the ends of a transfer
  void end(Transfer& transfer);
  void end_failed(Transfer& transfer, Error error);
  void end_early(Transfer& transfer, Error error);
  void out_of_sockets(Transfer& transfer);
  bool follow_redirect(Transfer& transfer);
  void learn(Transfer& transfer, ErrorCode code);
  bool try_again(Transfer& transfer, ErrorCode code);
  void deliver(Transfer& transfer, Error error);
  void robots_arrived(Transfer& transfer, ErrorCode code);
  void learn_robots(std::string_view of_origin, ErrorCode code, std::string_view body);
  [[nodiscard]] Job take_back(Transfer& transfer);
  void release(Transfer& transfer);
  void give_result(std::uint64_t id, std::uint16_t attempts, Error error);

  // holding, counting, time
  [[nodiscard]] bool must_hold(const PooledConnection& connection) const;
  void hold(PooledConnection& connection);
  void let_go();
  void count(Transfer& transfer);
  void sweep();
  void close(PooledConnection& connection);
  [[nodiscard]] Duration until_due(Duration longest) const;
  Instant tick() { return now_ = clock_.now(); }

  FetchSettings settings_;
  ResponseRules robots_rules_;
  Network& network_;
  const Clock& clock_;
  const AddressGuard& guard_;
  TlsContext& tls_;
  MemoryBudget& memory_;
  TransferParts& parts_;
  TlsSessionCache tls_sessions_;
  NameCache names_;
  Scheduler scheduler_;
  ConnectionPool pool_;
  RequestWriter writer_;
  LinkGuard link_guard_;
  TokenBucket rate_;
  Instant now_{};
  Instant next_sweep_{};
  Instant next_dial_ = Instant::max();  // when some dial tries its next address
  Instant next_guard_{};
  bool stopping_ = false;
  std::atomic<bool> starved_ = false;  // nothing was started for want of memory
  std::size_t socket_limit_ =
      SIZE_MAX;  // transfers in flight once the process ran out of descriptors
  std::vector<std::unique_ptr<Transfer>> active_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::unordered_map<PooledConnection*, std::unique_ptr<PooledConnection>> connections_;
  std::unordered_map<std::string, std::vector<Transfer*>> resolving_;
  std::vector<PooledConnection*> held_;
  std::vector<PooledConnection*> draining_;
  std::vector<std::unique_ptr<PooledConnection>> buried_connections_;
  std::vector<std::unique_ptr<Dial>> buried_dials_;
  std::vector<std::string> names_finished_;
  std::vector<Buffer> buffers_;
  std::vector<FetchResult> results_;
  std::vector<Job> strays_;
  FetchCounters counters_;
  LinkSample sample_{};
  Instant sampled_at_{};
};

Fetcher::Engine::Engine(FetchSettings settings, Network& network, Resolver& resolver,
                        const HostsFile& hosts, const Clock& clock, Random& random,
                        const AddressGuard& guard, TlsContext& tls, MemoryBudget& memory,
                        TransferParts& parts)
    : settings_(std::move(settings)),
      robots_rules_{.max_body_bytes = kRobotsBytes},
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

// ---- starting

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

void Fetcher::Engine::ask_robots(Host& host) {
  auto url = parse_url(host.origin + "/robots.txt");
  PIXHAUL_CHECK(url.has_value());
  host.awaits_robots = true;
  start(host, Job{.url = std::move(*url), .robots_for = host.origin});
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
  if (settings_.http == HttpChoice::automatic && transfer.job.url.scheme() == Scheme::https &&
      host.protocol == HostProtocol::unknown) {
    host.awaits_protocol = true;
  }
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
  if (auto literal = literal_address(transfer.job.url)) return target_known(transfer, {*literal});
  if (const Proxy* proxy = proxy_of(transfer); proxy != nullptr && resolves_names(*proxy)) {
    return target_known(transfer, {});
  }
  resolve(transfer, transfer.job.url.host());
}

// ---- resolving and connecting

const Proxy* Fetcher::Engine::proxy_of(const Transfer& transfer) const {
  const Url& url = transfer.job.url;
  return settings_.proxy.choose(name(url.scheme()), url.host(), url.port());
}

void Fetcher::Engine::resolve(Transfer& transfer, std::string_view name) {
  transfer.state = TransferState::resolving;
  if (names_.find(name, now_) != nullptr) return name_known(transfer, name);
  names_.request(name, now_);
  ++counters_.dns_queries;
  resolving_[std::string(name)].push_back(&transfer);
}

void Fetcher::Engine::name_known(Transfer& transfer, std::string_view name) {
  const HostAddresses* found = names_.find(name, now_);
  PIXHAUL_CHECK(found != nullptr);
  if (transfer.times.dns_ms < 0)
    transfer.times.dns_ms = milliseconds(now_ - transfer.phase_started);
  if (found->status != ErrorCode::success) {
    return end_failed(transfer, {.code = found->status, .detail = found->detail});
  }
  if (!transfer.resolving_proxy) return target_known(transfer, found->addresses);
  const Proxy* proxy = proxy_of(transfer);
  dial(transfer, found->addresses, proxy->port);
}

// The guard sees the addresses themselves, right before they are contacted, on every hop
// (reliability N8, N9).
void Fetcher::Engine::target_known(Transfer& transfer, const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> vetted;
  Error refused{.code = ErrorCode::address_denied, .detail = "no address"};
  for (const IpAddress& address : addresses) {
    if (auto permitted = guard_.check(address)) {
      vetted.push_back(address);
    } else {
      refused = std::move(permitted).error();
    }
  }
  const Url& url = transfer.job.url;
  const Proxy* proxy = proxy_of(transfer);
  const bool by_name = proxy != nullptr && resolves_names(*proxy) && addresses.empty();
  if (vetted.empty() && !by_name) return end_failed(transfer, std::move(refused));
  if (proxy == nullptr) return dial(transfer, vetted, url.port());
  transfer.proxy_target = by_name ? std::string(url.host()) : vetted.front().text();
  transfer.resolving_proxy = true;
  if (auto literal = parse_ip_address(proxy->host)) return dial(transfer, {*literal}, proxy->port);
  resolve(transfer, proxy->host);
}

void Fetcher::Engine::dial(Transfer& transfer, const std::vector<IpAddress>& addresses,
                           std::uint16_t port) {
  std::vector<SocketAddress> targets;
  targets.reserve(addresses.size());
  for (const IpAddress& address : addresses) targets.push_back({address, port});
  AddressState& address = scheduler_.address_of(targets.front().ip);
  if (address.throttle.active() >= address.throttle.limit()) {
    // Now that it is known where the host lives, its jobs wait for their turn there.
    scheduler_.place(*transfer.host, address);
    return scheduler_.add_first(take_back(transfer), now_);
  }
  transfer.address = &address;
  scheduler_.enter_address(*transfer.host, address);
  transfer.phase_started = now_;
  transfer.state = TransferState::connecting;
  transfer.dial = std::make_unique<Dial>(network_, std::move(targets), *this, transfer);
  dial_changed(transfer);
}

// Those whose next address is due (RFC 8305 §5).
void Fetcher::Engine::advance_dials() {
  next_dial_ = Instant::max();
  for (std::size_t i = active_.size(); i-- > 0;) {
    if (i < active_.size() && active_[i]->dial != nullptr) dial_changed(*active_[i]);
  }
}

// It may be the one that is just telling us: it is destroyed later, but must be silent from now on.
void Fetcher::Engine::bury_dial(Transfer& transfer) {
  if (transfer.dial == nullptr) return;
  transfer.dial->stop();
  buried_dials_.push_back(std::move(transfer.dial));
}

void Fetcher::Engine::on_dial_changed(Dial& dial) {
  tick();
  dial_changed(dial.transfer());
}

void Fetcher::Engine::dial_changed(Transfer& transfer) {
  transfer.dial->advance(now_);
  switch (transfer.dial->state()) {
    case Dial::State::racing:
      next_dial_ = std::min(next_dial_, transfer.dial->next_due());
      return;
    case Dial::State::failed:
      if (transfer.dial->is_out_of_sockets()) return out_of_sockets(transfer);
      return end_failed(transfer, transfer.dial->error());
    case Dial::State::connected:
      return connected(transfer);
  }
}

void Fetcher::Engine::connected(Transfer& transfer) {
  transfer.times.connect_ms = transfer.enter(TransferState::handshaking, now_);
  ++counters_.connections_opened;
  const Url& url = transfer.job.url;
  ConnectionPlan plan{.host = std::string(url.host()),
                      .origin = std::string(url.origin()),
                      .tls = url.scheme() == Scheme::https};
  plan.alpn = settings_.http == HttpChoice::automatic ? Alpn::both
              : settings_.http == HttpChoice::http2   ? Alpn::http2
                                                      : Alpn::http1;
  if (transfer.resolving_proxy) {
    const Proxy* proxy = proxy_of(transfer);
    auto handshake = make_handshake(*proxy, transfer.proxy_target, url.port());
    if (!handshake) return end_failed(transfer, std::move(handshake).error());
    plan.proxy = std::move(*handshake);
  }
  const SocketAddress address = transfer.dial->address();
  auto connection = std::make_unique<PooledConnection>(
      *this, network_, transfer.dial->take_socket(), std::move(plan), tls_, tls_sessions_);
  bury_dial(transfer);
  connection->host = transfer.host;
  connection->address = address;
  connection->address_text = transfer.resolving_proxy ? transfer.proxy_target : address.text();
  connection->transfers.push_back(&transfer);
  transfer.connection = connection.get();
  ++transfer.host->connection_count;
  PooledConnection& opened = *connection;
  connections_.emplace(&opened, std::move(connection));
  drive(opened, false);
}

// The process has no descriptor left: not the URL's fault. Idle connections are given up, the limit
// comes down to what there is, and the job goes again.
void Fetcher::Engine::out_of_sockets(Transfer& transfer) {
  Job job = take_back(transfer);
  socket_limit_ = std::max<std::size_t>(1, active_.size());
  if (PooledConnection* oldest = pool_.oldest()) close(*oldest);
  scheduler_.add_later(std::move(job), now_ + kSweepEvery);
}

// ---- on a connection

void Fetcher::Engine::on_connection_ready(PooledConnection& connection, bool readable) {
  tick();
  if (readable && must_hold(connection)) return hold(connection);
  if (readable) lend_buffer(connection);
  drive(connection, readable);
}

// Memory is lent when bytes are there to be read, not while a request waits for them: most
// responses come whole, so the same few buffers serve all connections and stay in the processor's
// cache.
void Fetcher::Engine::lend_buffer(PooledConnection& connection) {
  if (connection.transfers.empty() || connection.connection.is_http2()) return;
  Exchange& exchange = connection.transfers.front()->exchange;
  if (exchange.buffer().capacity() > 0) return;
  if (buffers_.empty()) {
    exchange.give_buffer(Buffer(kReceiveBytes));
  } else {
    exchange.give_buffer(std::move(buffers_.back()));
    buffers_.pop_back();
  }
}

void Fetcher::Engine::send(Transfer& transfer, PooledConnection& connection) {
  if (transfer.connection == nullptr) {
    transfer.connection = &connection;
    connection.transfers.push_back(&transfer);
  }
  if (transfer.address == nullptr) {
    transfer.address = &scheduler_.address_of(connection.address.ip);
    scheduler_.enter_address(*transfer.host, *transfer.address);
  }
  if (transfer.judge == nullptr && transfer.job.robots_for.empty())
    transfer.judge = parts_.make_judge();
  if (transfer.sink == nullptr && transfer.job.robots_for.empty())
    transfer.sink = parts_.make_sink(transfer.job.id);
  const bool is_row = transfer.job.robots_for.empty();
  transfer.exchange.begin(is_row ? settings_.rules : robots_rules_,
                          is_row ? transfer.judge.get() : nullptr, transfer.sink.get());
  transfer.address_text = connection.address_text;
  transfer.tls_version = connection.connection.tls_version();
  transfer.http_version = connection.connection.is_http2() ? kHttp2Name : kHttp1Name;
  transfer.state = TransferState::waiting;
  transfer.phase_started = now_;
  ++connection.served;
  ++counters_.requests;
  Connection& wire = connection.connection;
  wire.start(wire.is_http2() ? writer_.http2(transfer.job) : Http2Request{},
             wire.is_http2() ? std::string_view() : writer_.http1(transfer.job), transfer.exchange);
  drive(connection, false);
}

void Fetcher::Engine::drive(PooledConnection& connection, bool readable) {
  const bool was_active = connection.connection.state() == Connection::State::active;
  const Interest interest = connection.connection.advance(readable, now_);
  const Connection::State state = connection.connection.state();
  if (state != Connection::State::closed)
    network_.watch(connection.connection.socket(), interest, &connection);
  if (!was_active) {
    if (state == Connection::State::active) return connection_active(connection);
    if (state == Connection::State::closed) return setup_failed(connection);
    return;
  }
  // Ending a transfer changes the list: the finished ones are picked out first.
  std::vector<Transfer*> finished;
  for (Transfer* transfer : connection.transfers) {
    look_at(*transfer);
    if (transfer->exchange.is_finished()) finished.push_back(transfer);
  }
  for (Transfer* transfer : finished) {
    std::erase(connection.transfers, transfer);
    transfer->connection = nullptr;
  }
  settle(connection);
  for (Transfer* transfer : finished) end(*transfer);
}

void Fetcher::Engine::connection_active(PooledConnection& connection) {
  Host& host = *connection.host;
  Transfer& transfer = *connection.transfers.front();
  const float took = milliseconds(now_ - transfer.phase_started);
  if (transfer.job.url.scheme() == Scheme::https) transfer.times.tls_ms = took;
  const bool http2 = connection.connection.is_http2();
  if (host.protocol == HostProtocol::unknown) {
    host.protocol = http2 ? HostProtocol::http2 : HostProtocol::http1;
    if (http2) host.throttle.adopt(throttle_limits(settings_, true));
  }
  host.awaits_protocol = false;
  if (http2) host.shared.push_back(&connection);
  scheduler_.update(host, now_);
  send(transfer, connection);
}

void Fetcher::Engine::setup_failed(PooledConnection& connection) {
  Transfer& transfer = *connection.transfers.front();
  const Error error = connection.connection.error();
  connection.transfers.clear();
  transfer.connection = nullptr;
  close(connection);
  end_failed(transfer, error);
}

// Follows the exchange: times, counters, memory.
void Fetcher::Engine::look_at(Transfer& transfer) {
  if (transfer.times.first_byte_ms < 0 && transfer.exchange.has_begun()) {
    transfer.times.first_byte_ms = milliseconds(now_ - transfer.phase_started);
  }
  if (transfer.state == TransferState::waiting &&
      transfer.exchange.phase() == Exchange::Phase::reading_body) {
    transfer.enter(TransferState::reading, now_);
    transfer.speed_since = now_;
    transfer.speed_bytes = 0;
  }
  count(transfer);
}

void Fetcher::Engine::count(Transfer& transfer) {
  const std::uint64_t wire = transfer.exchange.wire_bytes();
  const std::uint64_t more = wire - transfer.counted_bytes;
  transfer.counted_bytes = wire;
  counters_.bytes_wire += more;
  sample_.received_bytes += more;
  rate_.take(now_, more);
  const std::uint64_t held = transfer.exchange.held_bytes();
  if (held > transfer.charged_bytes) {
    memory_.charge(held - transfer.charged_bytes);
  } else {
    memory_.release(transfer.charged_bytes - held);
  }
  transfer.charged_bytes = held;
}

// After its exchanges were looked at: the connection is kept, shared, or given up.
void Fetcher::Engine::settle(PooledConnection& connection) {
  if (connection.connection.state() == Connection::State::closed) {
    pool_.remove(connection);
    return close(connection);
  }
  if (!connection.transfers.empty() || connection.is_pooled) return;
  const bool is_http2 = connection.connection.is_http2();
  if (!is_http2 && !connection.connection.is_idle()) {  // reads away a body nobody wants
    if (connection.draining_since != Instant{}) return;
    connection.draining_since = now_;
    return draining_.push_back(&connection);
  }
  if (std::exchange(connection.draining_since, Instant{}) != Instant{}) {
    std::erase(draining_, &connection);
  }
  if (!settings_.reuse_connections) return close(connection);
  pool_.add(connection, now_);
  // At once, not at the next sweep: a hundred milliseconds of small images fill a small ulimit -n.
  while (PooledConnection* idle = pool_.overdue(now_)) close(*idle);
}

void Fetcher::Engine::close(PooledConnection& connection) {
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  pool_.remove(connection);
  std::erase(connection.host->shared, &connection);
  std::erase(held_, &connection);
  std::erase(draining_, &connection);
  --connection.host->connection_count;
  if (connection.connection.socket() >= 0) {
    network_.watch(connection.connection.socket(), Interest::none, nullptr);
  }
  buried_connections_.push_back(std::move(node.mapped()));
}

// ---- holding: our own limits stop the reading, and with it the clock

bool Fetcher::Engine::must_hold(const PooledConnection& connection) const {
  if (connection.transfers.empty() || connection.transfers.front()->state != TransferState::reading)
    return false;
  if (rate_.ready_at(now_) > now_) return true;
  // The oldest transfer may always go on, so that memory is given back in the end.
  return memory_.is_full() && active_.front()->connection != &connection;
}

void Fetcher::Engine::hold(PooledConnection& connection) {
  network_.watch(connection.connection.socket(), Interest::none, nullptr);
  connection.is_held = true;
  held_.push_back(&connection);
  for (Transfer* transfer : connection.transfers) transfer->held_since = now_;
}

void Fetcher::Engine::let_go() {
  std::vector<PooledConnection*> waiting = std::exchange(held_, {});
  for (PooledConnection* connection : waiting) {
    if (must_hold(*connection)) {
      held_.push_back(connection);
      continue;
    }
    connection->is_held = false;
    for (Transfer* transfer : connection->transfers) {
      transfer->held += now_ - transfer->held_since;
      transfer->speed_since += now_ - transfer->held_since;
      transfer->held_since = Instant{};
    }
    network_.watch(connection->connection.socket(), Interest::read, connection);
  }
}

// ---- time

void Fetcher::Engine::sweep() {
  next_sweep_ = now_ + kSweepEvery;
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
  scheduler_.forget_inert_hosts();
}

// ---- ends

void Fetcher::Engine::end_early(Transfer& transfer, Error error) {
  if (transfer.state == TransferState::resolving) {
    for (auto& [name, waiting] : resolving_) std::erase(waiting, &transfer);
  }
  if (PooledConnection* connection = transfer.connection) {
    connection->connection.cancel(transfer.exchange);
    std::erase(connection->transfers, &transfer);
    transfer.connection = nullptr;
    const bool is_over = connection->connection.state() == Connection::State::closed;
    if (connection->connection.is_http2() && !is_over) {
      settle(*connection);
    } else {
      close(*connection);
      // Saying that the stream is cancelled may have shown that the connection is dead.
      for (Transfer* other : std::exchange(connection->transfers, {})) {
        other->connection = nullptr;
        end(*other);
      }
    }
  }
  bury_dial(transfer);
  end_failed(transfer, std::move(error));
}

void Fetcher::Engine::end(Transfer& transfer) {
  if (transfer.exchange.phase() == Exchange::Phase::complete) {
    ++sample_.finished_count;
    sample_.finished_bytes += transfer.exchange.wire_bytes();
    learn(transfer, ErrorCode::success);
    if (!transfer.job.robots_for.empty()) return robots_arrived(transfer, ErrorCode::success);
    return deliver(transfer, {.code = ErrorCode::success});
  }
  if (follow_redirect(transfer)) return;
  end_failed(transfer, transfer.exchange.error());
}

void Fetcher::Engine::end_failed(Transfer& transfer, Error error) {
  counters_.bytes_saved += transfer.exchange.bytes_saved();
  transfer.host->awaits_protocol = false;
  const bool died_unused = error.code == ErrorCode::connection_reset && transfer.reused &&
                           !transfer.exchange.has_begun();
  const bool unprocessed = transfer.exchange.is_finished() && transfer.exchange.is_unprocessed();
  if ((died_unused || unprocessed) && transfer.job.deferrals < kDeferralLimit) {
    // RFC 9110 §9.2.2: an idempotent request may be repeated when the connection closed before any
    // response was read. RFC 9113 §8.7: and a refused stream was never begun.
    Job job = take_back(transfer);
    ++job.deferrals;
    return scheduler_.add_first(std::move(job), now_);
  }
  learn(transfer, error.code);
  if (try_again(transfer, error.code)) return;
  if (!transfer.job.robots_for.empty()) return robots_arrived(transfer, error.code);
  deliver(transfer, std::move(error));
}

// What the host's and the address's controllers make of it.
void Fetcher::Engine::learn(Transfer& transfer, ErrorCode code) {
  Host& host = *transfer.host;
  const auto first_byte = std::chrono::duration_cast<Duration>(
      std::chrono::duration<float, std::milli>(std::max(transfer.times.first_byte_ms, 0.0F)));
  const bool answered = transfer.exchange.facts().status != 0;
  if (auto kind = congestion_of(code, transfer.exchange.facts().status)) {
    const auto retry_after =
        parse_retry_after(transfer.exchange.facts().retry_after, clock_.wall_now());
    host.throttle.on_congestion(now_, *kind, retry_after, scheduler_.random());
    if (transfer.address != nullptr) transfer.address->throttle.on_congestion(now_);
  } else if (answered) {
    host.throttle.on_success(now_, first_byte);
    if (transfer.address != nullptr) transfer.address->throttle.on_success();
  } else {
    if (says_nothing(code)) {
      host.throttle.on_other();
    } else {
      host.throttle.on_failure(now_);
    }
    if (transfer.address != nullptr) transfer.address->throttle.on_other();
  }
  if (code == ErrorCode::opt_out) {
    host.opt_outs.on_opt_out();
  } else if (code == ErrorCode::success) {
    host.opt_outs.on_success();
  }
}

bool Fetcher::Engine::try_again(Transfer& transfer, ErrorCode code) {
  if (!is_transient(code, transfer.exchange.facts().status)) return false;
  const bool limited = code == ErrorCode::rate_limited;
  if (limited ? transfer.job.deferrals >= kDeferralLimit
              : transfer.job.attempts > settings_.retries)
    return false;
  Job job = std::move(transfer.job);
  if (limited) {
    ++job.deferrals;
    --job.attempts;
  }
  job.spent = {};
  const auto attempt = limited ? job.deferrals : job.attempts;
  release(transfer);
  if (stopping_) return true;  // it stays unfinished: the next run tries it again
  // A limited host is blocked as a whole; the job itself need not wait longer than that.
  if (limited) {
    scheduler_.add_first(std::move(job), now_);
  } else {
    scheduler_.add_later(std::move(job), now_ + backoff(attempt, scheduler_.random()));
  }
  return true;
}

bool Fetcher::Engine::follow_redirect(Transfer& transfer) {
  const std::string& location = transfer.exchange.facts().location;
  if (location.empty()) return false;
  Job& job = transfer.job;
  auto fail = [&](ErrorCode code, std::string detail) {
    end_failed(transfer, {.code = code, .detail = std::move(detail)});
    return true;
  };
  auto next = resolve_url(job.url, location);
  if (!next) return fail(next.error().code, next.error().detail);
  if (job.visited.empty()) job.visited.push_back(std::hash<Url>()(job.url));
  const std::size_t hop = std::hash<Url>()(*next);
  if (std::find(job.visited.begin(), job.visited.end(), hop) != job.visited.end()) {
    return fail(ErrorCode::redirect_loop,
                fmt::format("redirected to {} again", next->href().substr(0, 200)));
  }
  if (job.redirects >= settings_.max_redirects) {
    return fail(ErrorCode::redirect_limit,
                fmt::format("more than {} redirects", settings_.max_redirects));
  }
  learn(transfer, ErrorCode::redirect_bad);  // an answer: the host is well
  Job moved = std::move(job);
  moved.visited.push_back(hop);
  ++moved.redirects;
  --moved.attempts;
  moved.same_origin = moved.same_origin && next->origin() == moved.url.origin();
  moved.spent += now_ - transfer.started - transfer.held;
  moved.url = std::move(*next);
  release(transfer);
  if (moved.robots_for.empty() &&
      loop_of(moved.url, settings_.loop_count) != settings_.loop_index) {
    strays_.push_back(std::move(moved));
  } else {
    scheduler_.add_first(std::move(moved), now_);
  }
  return true;
}

void Fetcher::Engine::deliver(Transfer& transfer, Error error) {
  FetchResult result{.id = transfer.job.id};
  Outcome& outcome = result.outcome;
  const Exchange& exchange = transfer.exchange;
  outcome.status = error.code;
  outcome.detail = std::move(error.detail);
  outcome.transient = is_transient(error.code, exchange.facts().status);
  outcome.reused = transfer.reused;
  outcome.http_status = exchange.facts().status;
  outcome.attempts = transfer.job.attempts;
  outcome.redirects = transfer.job.redirects;
  outcome.bytes = exchange.body_bytes();
  if (transfer.job.redirects > 0) outcome.final_url = transfer.job.url.href();
  outcome.etag = exchange.facts().etag;
  outcome.last_modified = exchange.facts().last_modified;
  outcome.address = std::move(transfer.address_text);
  outcome.tls_version = transfer.tls_version;
  outcome.http_version = transfer.http_version;
  outcome.times = transfer.times;
  outcome.times.total_ms = milliseconds(now_ - transfer.started + transfer.job.spent);
  outcome.retrieved_at = clock_.wall_now();
  if (transfer.judge != nullptr && exchange.body_bytes() > 0) transfer.judge->describe(outcome);
  if (outcome.status == ErrorCode::success) {
    if (transfer.sink == nullptr) {
      result.body = transfer.exchange.take_body(result.body_begin);
      // The charge goes over to whoever holds the result.
      memory_.charge_finished(result.body.capacity());
    }
    result.sink = std::move(transfer.sink);
  }
  results_.push_back(std::move(result));
  release(transfer);
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

// RFC 9309 §2.3.1: 4xx allows everything, 5xx forbids it. A host that cannot be reached at all is
// left to its rows, which then say why.
void Fetcher::Engine::learn_robots(std::string_view of_origin, ErrorCode code,
                                   std::string_view body) {
  auto origin = parse_url(std::string(of_origin) + "/");
  PIXHAUL_CHECK(origin.has_value());
  Host& host = scheduler_.host_of(*origin);
  if (code == ErrorCode::http_5xx || code == ErrorCode::rate_limited) {
    body = "User-agent: *\nDisallow: /\n";
  }
  host.robots = RobotsTxt::parse(body, settings_.rules.user_agent_token);
  host.awaits_robots = false;
  scheduler_.update(host, now_);
}

void Fetcher::Engine::robots_arrived(Transfer& transfer, ErrorCode code) {
  std::size_t begin = 0;
  const Buffer body = code == ErrorCode::success ? transfer.exchange.take_body(begin) : Buffer();
  learn_robots(transfer.job.robots_for, code, body.text().substr(std::min(begin, body.size())));
  release(transfer);
}

// The request ended in a way that tells the controllers nothing and costs no try: the job goes
// again.
Job Fetcher::Engine::take_back(Transfer& transfer) {
  Job job = std::move(transfer.job);
  --job.attempts;
  transfer.host->awaits_protocol = false;
  transfer.host->throttle.on_other();
  if (transfer.address != nullptr) transfer.address->throttle.on_other();
  release(transfer);
  return job;
}

// Out of flight, after the controllers were told. The object itself is kept for the next one, with
// its memory.
void Fetcher::Engine::release(Transfer& transfer) {
  if (transfer.address != nullptr) scheduler_.leave_address(*transfer.address, now_);
  scheduler_.update(*transfer.host, now_);
  memory_.release(transfer.charged_bytes);
  bury_dial(transfer);
  auto owned = std::move(active_[transfer.place]);
  if (transfer.place + 1 != active_.size()) {
    active_[transfer.place] = std::move(active_.back());
    active_[transfer.place]->place = transfer.place;
  }
  active_.pop_back();
  recycle(owned->exchange.give_back_buffer());
  owned->reset();
  spare_.push_back(std::move(owned));
}

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

}  // namespace pixhaul::net
