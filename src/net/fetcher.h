#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory_budget.h"
#include "base/random.h"
#include "net/address_guard.h"
#include "net/body_judge.h"
#include "net/exchange.h"
#include "net/hosts_file.h"
#include "net/job.h"
#include "net/network.h"
#include "net/proxy.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "pixhaul/outcome.h"
#include "pixhaul/stats.h"

namespace pixhaul::net {

enum class HttpChoice : std::uint8_t { automatic, http1, http2 };

/// Everything the engine is told once. Filled from Options by the pipeline.
struct FetchSettings {
  ResponseRules rules{};
  std::uint32_t concurrency = 256;     ///< of this loop
  std::uint32_t host_concurrency = 0;  ///< 0: 6 on HTTP/1.1, 24 on HTTP/2
  std::uint32_t address_concurrency = 64;
  bool adaptive = true;  ///< false: exactly `host_concurrency`, from the start (comparisons)
  bool reuse_connections = true;
  HttpChoice http = HttpChoice::automatic;
  Duration deadline = std::chrono::seconds(30);
  Duration connect_timeout = std::chrono::seconds(5);
  Duration tls_timeout = std::chrono::seconds(5);
  Duration first_byte_timeout = std::chrono::seconds(10);
  std::uint64_t min_speed = 1024;  ///< bytes per second over ten seconds; 0 is off
  std::uint32_t retries = 2;
  std::uint32_t max_redirects = 10;
  std::string user_agent{};
  std::string accept{};
  std::string referer{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< kept to the first URL's origin
  bool obey_robots_txt = false;
  ProxySettings proxy{};
  bool ask_ipv6 = true;         ///< production: machine_has_ipv6()
  bool proxy_resolves = false;  ///< names are checked here, addresses only at the proxy
  Duration host_interval{};
  std::uint64_t limit_rate = 0;  ///< bytes per second of this loop; 0 is off
  std::uint32_t loop_index = 0;
  std::uint32_t loop_count = 1;
  std::size_t idle_connections = 512;
  Duration idle_age = std::chrono::seconds(55);  ///< servers close at 5 to 75 s
};

/// Which loop a host lives on.
[[nodiscard]] std::uint32_t loop_of(const Url& url, std::uint32_t loop_count);

/// What the caller adds to a transfer.
class TransferParts {
 public:
  virtual ~TransferParts() = default;
  /// Never null.
  [[nodiscard]] virtual std::unique_ptr<BodyJudge> make_judge() = 0;
  /// Null when bodies are held in memory.
  [[nodiscard]] virtual std::unique_ptr<BodySink> make_sink(std::uint64_t id) = 0;
};

/// A job's end.
struct FetchResult {
  std::uint64_t id = 0;
  Outcome outcome{};
  Buffer body{};  ///< success without a sink: bytes from `body_begin` on
  std::size_t body_begin = 0;
  std::unique_ptr<BodySink> sink{};
};

/// Counters of one loop, for its own thread to read.
struct FetchCounters {
  std::uint64_t requests = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_reused = 0;
  std::uint64_t dns_queries = 0;
  std::uint64_t bytes_wire = 0;
  std::uint64_t bytes_saved = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t limit = 0;
  std::uint64_t waiting = 0;
  std::uint64_t hosts = 0;
  std::uint32_t hosts_blocked = 0;
  StateCounts states{};       ///< as of the last sweep
  bool held_by_link = false;  ///< the link is full: fewer are started than may be
  bool held_by_rate = false;
  bool held_by_memory = false;
};

/// The engine of one loop: takes jobs, drives connections, gives results. Nothing is shared with
/// other loops but the TLS context and the memory budget; the address guard is copied. One thread,
/// except `may_resume()`.
class Fetcher {
 public:
  /// All references outlive the fetcher.
  Fetcher(FetchSettings settings, Network& network, Resolver& resolver, const HostsFile& hosts,
          const Clock& clock, Random& random, const AddressGuard& guard, TlsContext& tls,
          MemoryBudget& memory, TransferParts& parts);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  void submit(Job&& job);
  /// One turn: starts what may start, waits for the network at most `longest`, handles what came.
  void step(Duration longest);
  /// Moves finished jobs to the end of `results`.
  void take_results(std::vector<FetchResult>& results);
  /// Jobs whose redirect leads to a host of another loop.
  void take_strays(std::vector<Job>& strays);
  /// Spent buffers come back to be received into again.
  void recycle(Buffer&& buffer);

  /// Nothing was started for want of memory, and now there is enough: a step would start something.
  /// Any thread.
  [[nodiscard]] bool may_resume() const;

  /// Queued, delayed and in flight.
  [[nodiscard]] std::size_t load() const;
  [[nodiscard]] std::size_t in_flight() const;
  /// Starts nothing any more; what is in flight goes on.
  void stop_starting();
  [[nodiscard]] FetchCounters counters() const;
  /// The hosts that hold this loop up, worst first; renewed every second (every five where hosts
  /// are many). True when there is news since the last call: `into` is replaced then.
  [[nodiscard]] bool take_host_reports(std::vector<HostReport>& into);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace pixhaul::net
