#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/fetcher.h"
#include "net/link_guard.h"
#include "net/name_cache.h"
#include "net/pool.h"
#include "net/request_writer.h"
#include "net/scheduler.h"
#include "net/throttle.h"
#include "net/token_bucket.h"
#include "net/transfer.h"

namespace pixhaul::net {

inline constexpr Duration kSweepEvery = std::chrono::milliseconds(100);
/// What waits for room that somebody else must give back looks again after this time.
inline constexpr Duration kHeldCheck = std::chrono::milliseconds(10);

/// Where a host's limit begins and ends on either protocol.
[[nodiscard]] ThrottleLimits throttle_limits(const FetchSettings& settings, bool http2);

/// The inside of the fetcher; `fetcher.cc` tells how a turn goes. Its functions lie in one file for
/// each part of a transfer's way: start, connect, drive, end, and robots for what comes before the
/// first row of an origin.
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
  [[nodiscard]] bool take_host_reports(std::vector<HostReport>& into);

  void on_connection_ready(PooledConnection& connection, bool readable) override;
  void on_dial_changed(Dial& dial) override;

 private:
  // fetcher_start
  void start_what_may();
  void start(Host& host, Job&& job);
  [[nodiscard]] std::optional<Error> refuse_unasked(const Host& host, const Job& job) const;
  Transfer& new_transfer(Host& host, Job&& job);
  [[nodiscard]] std::size_t limit() const;
  [[nodiscard]] bool has_memory();
  void give_up_if_only_parked();
  void give_result(std::uint64_t id, std::uint16_t attempts, Error error);
  void begin(Transfer& transfer);
  [[nodiscard]] bool may_become_shared(const Host& host) const;
  void end_waiting_for(Transfer& transfer);
  [[nodiscard]] PooledConnection* kept_connection(Host& host);

  // fetcher_connect
  void resolve(Transfer& transfer, std::string_view name);
  void name_known(Transfer& transfer, std::string_view name);
  void target_known(Transfer& transfer, const std::vector<IpAddress>& addresses);
  void dial(Transfer& transfer, const std::vector<IpAddress>& addresses, std::uint16_t port);
  void dial_changed(Transfer& transfer);
  void bury_dial(Transfer& transfer);
  void advance_dials();
  void connected(Transfer& transfer);
  void count_at(Transfer& transfer, const IpAddress& ip);
  void out_of_sockets(Transfer& transfer);
  [[nodiscard]] const Proxy* proxy_of(const Transfer& transfer) const;
  [[nodiscard]] bool resolves_names(const Proxy& proxy) const {
    return settings_.proxy_resolves || proxy.kind == ProxyKind::socks5h;
  }

  // fetcher_drive
  void lend_buffer(PooledConnection& connection);
  void send(Transfer& transfer, PooledConnection& connection);
  void drive(PooledConnection& connection, bool readable);
  void connection_active(PooledConnection& connection);
  void setup_failed(PooledConnection& connection);
  void look_at(Transfer& transfer);
  void count(Transfer& transfer);
  void settle(PooledConnection& connection);
  void close(PooledConnection& connection);
  [[nodiscard]] bool must_hold(const PooledConnection& connection);
  void hold(PooledConnection& connection);
  void let_go();

  // fetcher_end
  void end(Transfer& transfer);
  void end_failed(Transfer& transfer, Error error);
  void end_early(Transfer& transfer, Error error);
  bool follow_redirect(Transfer& transfer);
  void learn(Transfer& transfer, ErrorCode code);
  bool try_again(Transfer& transfer, ErrorCode code);
  void deliver(Transfer& transfer, Error error);
  [[nodiscard]] Job take_back(Transfer& transfer);
  void release(Transfer& transfer);

  // fetcher_robots
  void ask_robots(Host& host);
  void robots_arrived(Transfer& transfer, ErrorCode code);
  void learn_robots(std::string_view of_origin, ErrorCode code, std::string_view body);

  // fetcher
  void sweep();
  void report_hosts();
  [[nodiscard]] Duration until_due(Duration longest) const;
  Instant tick() { return now_ = clock_.now(); }

  FetchSettings settings_;
  ResponseRules robots_rules_;
  Network& network_;
  const Clock& clock_;
  AddressGuard guard_;  // a copy: its own addresses are renewed
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
  Instant own_known_at_;  // this machine's addresses
  bool stopping_ = false;
  std::atomic<bool> starved_ = false;  // nothing was started for want of memory
  std::size_t socket_limit_ =
      SIZE_MAX;  // transfers in flight once the process ran out of descriptors
  std::vector<std::unique_ptr<Transfer>> active_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::unordered_map<PooledConnection*, std::unique_ptr<PooledConnection>> connections_;
  std::unordered_map<std::string, std::vector<Transfer*>> resolving_;
  std::vector<PooledConnection*> held_;
  const PooledConnection* favoured_ = nullptr;  // reads on although memory is full
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
  Instant next_report_{};
  std::vector<HostReport> host_reports_;
  bool has_host_news_ = false;
};

}  // namespace pixhaul::net
