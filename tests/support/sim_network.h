#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/network.h"
#include "support/fake_clock.h"

namespace pixhaul::testing {

/// One thing a simulated server does on a connection, after it has waited.
struct SimStep {
  enum class End : std::uint8_t { none, close, reset };
  Duration wait{};      ///< after the step before
  std::string bytes{};  ///< sent then
  End end = End::none;  ///< … and this done to the connection
};

/// One HTTP/1.1 request as a simulated server read it.
struct SimRequest {
  net::SocketAddress server{};
  net::SocketId connection = 0;
  int number = 1;  ///< on its connection, from 1
  Instant at{};
  std::string head{};  ///< as sent, blank line included
  std::string method{};
  std::string target{};

  /// The value of a field, or "".
  [[nodiscard]] std::string field(std::string_view name) const;
  [[nodiscard]] std::string host() const { return field("Host"); }
};

using SimHandler = std::function<std::vector<SimStep>(const SimRequest&)>;
/// Speaks instead of HTTP: takes what it understands from `input` and answers.
using SimTalk = std::function<std::vector<SimStep>(std::string& input)>;

struct SimServer {
  enum class Accept : std::uint8_t { yes, refuse, never, unreachable };
  Accept accept = Accept::yes;
  Duration one_way = std::chrono::milliseconds(10);
  std::uint64_t bytes_per_second = 0;  ///< towards the client, a connection; 0: no limit
  SimHandler handler{};
  /// While it is set and returns steps, it gets the bytes; an answer without steps hands the
  /// connection over to `handler` for good.
  SimTalk talk{};
};

/// A Network without sockets, threads or waiting: servers are scripts, and `wait()` moves the clock
/// to the next event. Level-triggered, as epoll is; one seedless order of events, so a run repeats
/// exactly. An address without a server is silent. One thread.
class SimNetwork final : public net::Network {
 public:
  explicit SimNetwork(FakeClock& clock) : clock_(clock) {}

  /// From now on `address` is served so; connections that stand keep what they had.
  void serve(const net::SocketAddress& address, SimServer server);
  /// More open sockets than that: connect fails with EMFILE.
  void limit_sockets(std::size_t count) { socket_limit_ = count; }

  /// This machine's addresses from now on.
  void own(std::vector<net::IpAddress> addresses) { own_ = std::move(addresses); }

  [[nodiscard]] const std::vector<SimRequest>& requests() const { return requests_; }
  struct ConnectRecord {
    net::SocketAddress to{};
    Instant at{};
  };
  [[nodiscard]] const std::vector<ConnectRecord>& connects() const { return connects_; }
  [[nodiscard]] std::size_t open_sockets() const { return sockets_.size(); }
  /// Most requests a server was at work on at once: of one Host, to one address.
  [[nodiscard]] std::size_t most_of_host(const std::string& host) const;
  [[nodiscard]] std::size_t most_of_address(const net::SocketAddress& address) const;

  [[nodiscard]] Result<net::SocketId> connect(const net::SocketAddress& to) override;
  [[nodiscard]] int connect_error(net::SocketId socket) override;
  [[nodiscard]] net::IoResult read(net::SocketId socket, std::span<std::byte> into) override;
  [[nodiscard]] net::IoResult write(net::SocketId socket, std::span<const std::byte> from) override;
  void close(net::SocketId socket) override;
  [[nodiscard]] std::vector<net::IpAddress> own_addresses() override { return own_; }
  void watch(net::SocketId socket, net::Interest interest, net::Watcher* watcher) override;
  void wait(Duration timeout) override;
  void wake() override { woken_ = true; }

 private:
  struct Load {
    std::size_t now = 0;
    std::size_t most = 0;
  };
  struct Socket {
    net::SocketAddress address{};
    std::shared_ptr<const SimServer> server{};  // the script may be replaced meanwhile
    bool decided = false;                       // the connect is
    int error = 0;
    std::string inbox{};  // arrived at the client
    bool ended = false;   // FIN arrived
    bool server_gone = false;
    bool talking = false;
    std::string heard{};  // arrived at the server, not yet understood
    int request_count = 0;
    Instant send_free{};      // when the server's side can send the next byte
    Instant work_free{};      // when the server has done its steps so far
    std::string busy_host{};  // whose request is being answered; "" when none
    net::Interest interest = net::Interest::none;
    net::Watcher* watcher = nullptr;
  };
  struct Event {
    enum class Kind : std::uint8_t { decide, hear, tell, end, reset, done };
    Instant at;
    std::uint64_t order;
    Kind kind;
    net::SocketId socket;
    std::string bytes;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  void push(Instant at, Event::Kind kind, net::SocketId socket, std::string bytes = {});
  void process(Event event);
  void hear(net::SocketId id, Socket& socket, const std::string& bytes);
  void play(net::SocketId id, Socket& socket, const std::vector<SimStep>& steps);
  void begin_work(Socket& socket, const std::string& host);
  void end_work(Socket& socket);
  void run_until(Instant now);
  bool notify();

  FakeClock& clock_;
  std::map<net::SocketAddress, std::shared_ptr<const SimServer>> servers_;
  std::map<net::SocketId, Socket> sockets_;
  std::priority_queue<Event> events_;
  std::map<std::string, Load> host_load_;
  std::map<net::SocketAddress, Load> address_load_;
  std::vector<SimRequest> requests_;
  std::vector<ConnectRecord> connects_;
  std::size_t socket_limit_ = SIZE_MAX;
  std::vector<net::IpAddress> own_;
  net::SocketId last_socket_ = 2;
  std::uint64_t event_count_ = 0;
  bool woken_ = false;
};

/// A whole response with Content-Length.
[[nodiscard]] std::string http_response(int status, std::string_view body,
                                        std::string_view more_fields = {});
/// Answers with `http_response(status, …)` after `wait`.
[[nodiscard]] std::vector<SimStep> reply(int status, std::string_view body,
                                         std::string_view more_fields = {}, Duration wait = {});

}  // namespace pixhaul::testing
