// On a connection: set-up, request, response. The connection does what it can and says what it
// waits for; then its transfers are looked at, those that are finished end, and the connection is
// kept, shared, drained or closed. Our own limits (rate, memory) hold the reading, and with it the
// clock.
#include <algorithm>
#include <utility>

#include "net/fetcher_engine.h"

namespace pixhaul::net {

namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::uint64_t kMostReserved = 1u << 20;
constexpr std::string_view kHttp1Name = "1.1";
constexpr std::string_view kHttp2Name = "2";

}  // namespace

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
  exchange.set_reserve(std::min(memory_.room(), kMostReserved));
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
  if (!finished.empty() && favoured_ == &connection) favoured_ = nullptr;
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
  end_waiting_for(transfer);
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
  if (favoured_ == &connection) favoured_ = nullptr;
  --connection.host->connection_count;
  if (connection.connection.socket() >= 0) {
    network_.watch(connection.connection.socket(), Interest::none, nullptr);
  }
  buried_connections_.push_back(std::move(node.mapped()));
}

// ---- holding

// Asked when there is something to read. A response that begins counts too: it may be whole in the
// socket.
bool Fetcher::Engine::must_hold(const PooledConnection& connection) {
  if (connection.transfers.empty()) return false;
  const TransferState state = connection.transfers.front()->state;
  if (state != TransferState::reading && state != TransferState::waiting) return false;
  if (state == TransferState::reading && rate_.ready_at(now_) > now_) return true;
  if (!memory_.is_full()) {
    favoured_ = nullptr;
    return false;
  }
  // Finished bodies give memory back by themselves. Where there are none one may go on, so that
  // there will be: the first that has bytes.
  const bool is_choosing = favoured_ == nullptr || favoured_->transfers.empty();
  if (is_choosing && memory_.has_finished()) return true;
  if (is_choosing) favoured_ = &connection;
  return favoured_ != &connection;
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

}  // namespace pixhaul::net
