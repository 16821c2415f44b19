// From a name to a connected socket: the name, or the proxy's, is resolved, every address passes
// the guard, and a dial races the ones that are left. What fails here has cost the host nothing.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/fetcher_engine.h"

namespace pixhaul::net {

namespace {

constexpr Duration kOwnAddressesAge = std::chrono::seconds(60);  // interfaces come and go

}  // namespace

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
  if (now_ - own_known_at_ >= kOwnAddressesAge) {
    guard_.know_own(network_.own_addresses());
    own_known_at_ = now_;
  }
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
  count_at(transfer, address.ip);
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

// The race was begun on account of the first address; another may have won it.
void Fetcher::Engine::count_at(Transfer& transfer, const IpAddress& ip) {
  AddressState& reached = scheduler_.address_of(ip);
  if (transfer.address == &reached) return;
  transfer.address->throttle.on_other();
  scheduler_.leave_address(*transfer.address, now_);
  transfer.address = &reached;
  scheduler_.enter_address(*transfer.host, reached);
}

// The process has no descriptor left: not the URL's fault. Idle connections are given up, the limit
// comes down to what there is, and the job goes again.
void Fetcher::Engine::out_of_sockets(Transfer& transfer) {
  Job job = take_back(transfer);
  socket_limit_ = std::max<std::size_t>(1, active_.size());
  if (PooledConnection* oldest = pool_.oldest()) close(*oldest);
  scheduler_.add_later(std::move(job), now_ + kSweepEvery);
}

}  // namespace pixhaul::net
