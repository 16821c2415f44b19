#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "net/hosts_file.h"
#include "net/resolver.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// What is known of a host name.
struct HostAddresses {
  std::vector<IpAddress>
      addresses{};  ///< in order of trial (RFC 8305 §4): families in turn, IPv6 first
  ErrorCode status = ErrorCode::success;  ///< or dns_not_found, dns_timeout, dns_error
  std::string detail{};
  Instant expires{};
};

/// Whether this machine has an IPv6 address with which the internet might be reached.
[[nodiscard]] bool machine_has_ipv6();

struct NameCacheSettings {
  bool ask_ipv6 = true;  ///< production: machine_has_ipv6()
  std::size_t capacity = 100'000;
  Duration min_ttl = std::chrono::seconds(10);
  Duration max_ttl = std::chrono::hours(1);
  Duration max_negative_ttl = std::chrono::seconds(60);
  Duration failure_ttl = std::chrono::seconds(5);             ///< of time-outs and failing servers
  Duration resolution_delay = std::chrono::milliseconds(50);  ///< RFC 8305 §3
};

/// Addresses of host names: asks each name once however many want it, keeps answers, good and bad,
/// for as long as they are valid. Host names are as a URL's canonical host: lower case, no address
/// literals. Names of the hosts file, "localhost" and names below it (RFC 6761 §6.3) are known
/// without asking. One thread.
class NameCache {
 public:
  /// `resolver` is not owned and outlives the cache.
  NameCache(Resolver& resolver, const HostsFile& hosts, const NameCacheSettings& settings = {});
  NameCache(const NameCache&) = delete;
  NameCache& operator=(const NameCache&) = delete;

  /// What is known and still valid, else null: then `request()`. Valid until the next other call.
  [[nodiscard]] const HostAddresses* find(std::string_view host, Instant now);
  /// Has `host` looked up, unless that is under way or known. `advance()` tells when it is done.
  void request(std::string_view host, Instant now);
  /// Takes what came in and adds the requested names that are now known to `finished`; `find()` at
  /// the same `now` succeeds for them.
  void advance(Instant now, std::vector<std::string>& finished);
  /// When `advance()` wants to be called next although no socket is ready; Instant::max() if never.
  [[nodiscard]] Instant next_due() const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Family {
    bool is_pending = false;
    bool is_answered = false;
    ErrorCode status = ErrorCode::success;
    Duration ttl{};
    std::vector<IpAddress> addresses{};
    std::string detail{};
  };
  // Exists while a question is open.
  struct Lookup {
    bool is_delayed = false;  // in `delayed_`
    Family v4{};
    Family v6{};
    [[nodiscard]] bool is_pending() const { return v4.is_pending || v6.is_pending; }
  };
  struct Entry {
    HostAddresses known{};
    bool is_known = false;
    bool is_wanted = false;  // requested and not yet told
    bool is_used = false;    // found since the evictor last came by
    std::unique_ptr<Lookup> lookup{};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  using Node = Entries::value_type;
  struct Delayed {
    Instant until;
    Node* node;
  };

  Node& insert(std::string_view host);
  void evict();
  void ask(Node& node);
  void take(Answer& answer, Instant now, std::vector<std::string>& finished);
  void delay(Node& node, Instant now);
  void conclude(Entry& entry, Instant now) const;
  static void tell(Node& node, std::vector<std::string>& finished);
  void end_delays(Instant now, std::vector<std::string>& finished);

  Resolver& resolver_;
  NameCacheSettings settings_;
  Entries entries_;
  std::deque<Node*> queue_;      // asked names, in the order in which they may be evicted
  std::deque<Delayed> delayed_;  // one family is there, the other late; by time
  std::vector<Node*> ready_;     // known without asking, to be told
  std::vector<Answer> answers_;  // reused
};

}  // namespace pixhaul::net
