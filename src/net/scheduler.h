#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/address.h"
#include "net/job.h"
#include "net/robots_txt.h"
#include "net/throttle.h"
#include "pixhaul/stats.h"

namespace pixhaul::net {

class PooledConnection;

/// What is known of the protocol a host speaks.
enum class HostProtocol : std::uint8_t { unknown, http1, http2 };

/// Requests in flight to one server address, over all host names that live on it.
struct AddressState {
  AddressThrottle throttle;
  std::uint32_t host_count = 0;         ///< hosts whose `address` this is
  std::vector<struct Host*> waiting{};  ///< hosts that could start but for this address
};

/// One origin (scheme, name, port): its queue, its limits, its connections.
struct Host {
  Host(std::string_view the_origin, ThrottleLimits limits) : origin(the_origin), throttle(limits) {}

  std::string origin;  ///< "https://img.example.org"
  JobQueue queue{};
  HostThrottle throttle;
  OptOutRun opt_outs{};
  std::optional<RobotsTxt> robots{};
  AddressState* address = nullptr;  ///< where it was last connected to; null before
  HostProtocol protocol = HostProtocol::unknown;
  std::uint32_t connection_count = 0;
  bool is_ready = false;   ///< stands in the ready line
  bool is_parked = false;  ///< stands among the timers
  bool awaits_protocol =
      false;  ///< a connection is being opened that may serve many; the others wait for it
  bool awaits_robots = false;
  Instant next_start{};                     ///< `host_interval`
  std::vector<PooledConnection*> idle{};    ///< HTTP/1.1, most recently used last
  std::vector<PooledConnection*> shared{};  ///< HTTP/2, open
};

struct SchedulerSettings {
  ThrottleLimits host{};
  ThrottleLimits address{};
  Duration host_interval{};
};

/// Decides who goes next: hosts that may start a request stand in one line and take turns, so that
/// a sorted list is still spread over its hosts. Blocked hosts stand among the timers, hosts behind
/// a full address wait with it. No I/O, no clock: the time is handed in. One thread.
class Scheduler {
 public:
  Scheduler(const SchedulerSettings& settings, Random& random)
      : settings_(settings), random_(random) {}

  [[nodiscard]] Host& host_of(const Url& url);
  [[nodiscard]] AddressState& address_of(const IpAddress& address);

  void add(Job&& job, Instant now);
  /// In front of the host's queue: it was started and has to go again.
  void add_first(Job&& job, Instant now);
  /// Behind a delay: a retry.
  void add_later(Job&& job, Instant when);

  /// The next host that may start a request now, taken out of the line; null if none. The caller
  /// takes its job, counts the start and calls `update`.
  [[nodiscard]] Host* next(Instant now);
  /// Puts the host where its state says: in line, among the timers, or nowhere.
  void update(Host& host, Instant now);
  void count_start(Host& host, Instant now);
  /// The host lives at `address`, as far as is known.
  void place(Host& host, AddressState& address);
  /// `place`, and a request of it is in flight there.
  void enter_address(Host& host, AddressState& address);
  /// After the throttle was told how a request ended: lets a waiting host go.
  void leave_address(AddressState& address, Instant now);

  /// Moves what is due: retries into their queues, blocked hosts into the line.
  void advance(Instant now);
  [[nodiscard]] Instant next_due() const;
  /// Declares every host down that the circuit breaker holds back: there is nothing else to wait
  /// for.
  void give_up_parked(Instant now);

  [[nodiscard]] std::size_t waiting_count() const { return waiting_; }
  [[nodiscard]] std::size_t host_count() const { return hosts_.size(); }
  [[nodiscard]] Job take_job(Host& host);
  /// The hosts that hold the rest up, worst first, at most `most`. Looks at every host: 10 to 100
  /// ns each.
  [[nodiscard]] std::vector<HostReport> report_hosts(Instant now, std::size_t most) const;
  /// Drops hosts that hold nothing once there are too many; not what a host is being spared or
  /// refused for, nor the rules of its robots.txt while there are fewer than `kRuledHostsKept`.
  void forget_inert_hosts(Instant now);
  [[nodiscard]] Random& random() { return random_; }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Timer {
    Instant at;
    std::uint64_t order;       // equal times keep their order: runs repeat
    Host* host;                // to look at again, or
    std::unique_ptr<Job> job;  // to queue again
    bool operator<(const Timer& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  [[nodiscard]] bool may_start(const Host& host, Instant now) const;
  void push_timer(Instant at, Host* host, std::unique_ptr<Job> job);

  SchedulerSettings settings_;
  Random& random_;
  std::unordered_map<std::string, std::unique_ptr<Host>, TextHash, std::equal_to<>> hosts_;
  std::unordered_map<IpAddress, std::unique_ptr<AddressState>> addresses_;
  std::deque<Host*> ready_;
  std::vector<Timer> timers_;  // a heap, soonest first
  std::uint64_t timer_order_ = 0;
  std::size_t waiting_ = 0;  // jobs in queues and among the timers
};

}  // namespace pixhaul::net
