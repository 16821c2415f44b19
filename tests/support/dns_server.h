#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"
#include "support/dns_wire.h"

namespace pixhaul::testing {

/// A false packet sent before the true answer; each carries 203.0.113.66 (or 2001:db8::66).
enum class DnsForgery : std::uint8_t {
  wrong_id,
  wrong_question,  ///< another name in the question
  wrong_port,      ///< right in all but the port it comes from
  garbage,         ///< a good header, then noise
  pointer_loop,    ///< a compressed name that points at itself
};

/// What a name gets.
struct DnsAnswer {
  enum class Kind : std::uint8_t { records, name_error, server_failure, refused, drop };
  Kind kind = Kind::records;
  std::vector<std::string> addresses{};  ///< IPv4 for A, IPv6 for AAAA; none of a family is NODATA
  std::string cname{};            ///< answered instead, with the target's own answer behind it
  std::chrono::seconds ttl{300};  ///< of records, and of the SOA in negative answers
  std::chrono::milliseconds delay{0};
  bool is_truncated = false;     ///< over UDP only TC; the whole answer over TCP
  std::uint64_t fail_first = 0;  ///< the first so many queries (of a type) get `fail_kind`
  Kind fail_kind = Kind::server_failure;
  std::vector<DnsForgery> forgeries{};
};

/// A DNS server on 127.0.0.1, UDP and TCP on one port, whose every answer is scripted. Names
/// without a script do not exist. One thread of its own; any thread may call.
class DnsServer {
 public:
  /// Errors: unreachable (the port is taken).
  [[nodiscard]] static Result<std::unique_ptr<DnsServer>> create(std::uint16_t port);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// "127.0.0.1:PORT".
  [[nodiscard]] std::string address() const;

  void answer(std::string_view name, DnsAnswer answer);
  /// For names below `suffix` ("hosts.test" for a.hosts.test) that have no answer of their own; the
  /// longest suffix wins. Called on the server's thread.
  void answer_below(std::string_view suffix, std::function<DnsAnswer(std::string_view name)> rule);
  void answer_below(std::string_view suffix, DnsAnswer answer);

  /// Queries that came, over UDP and TCP together; TCP alone.
  [[nodiscard]] std::uint64_t query_count(std::string_view name, DnsType type) const;
  [[nodiscard]] std::uint64_t query_count() const;
  [[nodiscard]] std::uint64_t tcp_query_count() const;

 private:
  struct State;
  explicit DnsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// DnsServer::create for tests: a failure is a failed check.
[[nodiscard]] std::unique_ptr<DnsServer> make_dns_server();

}  // namespace pixhaul::testing
