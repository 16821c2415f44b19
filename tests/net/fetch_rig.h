#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/random.h"
#include "net/address_guard.h"
#include "net/fetcher.h"
#include "net/hosts_file.h"
#include "net/tls.h"
#include "support/fake_clock.h"
#include "support/sim_network.h"
#include "support/sim_resolver.h"

namespace pixhaul::testing {

/// What the fetcher gave for one URL.
struct Fetched {
  Outcome outcome{};
  std::string body{};  ///< buffered, or what the sink was left with
  Instant at{};        ///< when the result was taken
};

/// The caller's half of a fetch, with the knobs the tests turn.
class RigParts final : public net::TransferParts {
 public:
  [[nodiscard]] std::unique_ptr<net::BodyJudge> make_judge() override;
  [[nodiscard]] std::unique_ptr<net::BodySink> make_sink(std::uint64_t id) override;

  bool use_sinks = false;
  /// Bodies that begin so are refused as not_image once their first byte is there.
  std::string refused_prefix{"<html"};
  std::map<std::uint64_t, std::string> sunk{};
  std::size_t longest_write = 0;
};

/// The whole engine on simulated time: change `settings`, script servers and names, submit, run.
class FetchRig {
 public:
  FetchRig();
  ~FetchRig();

  /// `name` resolves to `address`, and its port 80 answers so.
  void serve(std::string_view name, std::string_view address, SimServer server);
  void serve(std::string_view name, std::string_view address, SimHandler handler);

  /// The first call makes the engine. Returns the job's id, which counts from 1.
  std::uint64_t submit(std::string_view url);
  /// Turns until nothing is left to do, an hour of simulated time at most.
  void run();
  /// Turns until `clock` has moved by that much.
  void run_for(Duration duration);
  void turn();
  /// submit and run.
  const Fetched& fetch(std::string_view url);

  [[nodiscard]] const Fetched& at(std::uint64_t id) const { return results_.at(id); }
  [[nodiscard]] ErrorCode status(std::uint64_t id) const { return at(id).outcome.status; }
  [[nodiscard]] const std::map<std::uint64_t, Fetched>& results() const { return results_; }
  [[nodiscard]] std::size_t count(ErrorCode status) const;
  [[nodiscard]] Duration elapsed() const { return clock.now() - began_; }
  /// Targets in the order in which the servers read them.
  [[nodiscard]] std::vector<std::string> targets() const;

  FakeClock clock{};
  SimNetwork network{clock};
  SimResolver resolver{clock};
  net::FetchSettings settings{};
  std::vector<std::string> allow_net{};
  net::TlsSettings tls_settings{};
  MemoryBudget memory{1u << 30, 1u << 30};
  RigParts parts{};
  /// Results are kept by the caller for so long before their memory is given back.
  std::optional<Duration> hold_results{};
  std::unique_ptr<net::Fetcher> fetcher{};
  std::vector<net::Job> strays{};

 private:
  void take();

  net::HostsFile hosts_{};
  Random random_{7};
  std::optional<net::AddressGuard> guard_{};
  std::unique_ptr<net::TlsContext> tls_{};
  std::map<std::uint64_t, Fetched> results_{};
  struct Held {
    Instant until;
    std::size_t bytes;
  };
  std::vector<Held> held_{};
  std::uint64_t last_id_ = 0;
  Instant began_ = clock.now();
};

[[nodiscard]] net::SocketAddress socket_address(std::string_view ip, std::uint16_t port = 80);
/// One server, answering every request with 200 and its target as the body.
[[nodiscard]] SimHandler echo_target();

}  // namespace pixhaul::testing
