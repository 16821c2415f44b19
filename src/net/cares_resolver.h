#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/network.h"
#include "net/resolver.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

struct CaresSettings {
  /// Upstreams, asked in turn: "1.2.3.4", "1.2.3.4:5353", "::1", "[::1]:53". Empty: the system's
  /// (/etc/resolv.conf).
  std::vector<std::string> dns_servers{};
  /// How long the first round over all upstreams waits for each; every further round twice as long.
  std::chrono::milliseconds timeout{1500};
  /// Rounds; 0: two with several upstreams, three with one.
  int tries = 0;
};

/// Resolver over c-ares, its sockets watched by `network` (not owned; outlives the resolver). A
/// server that fails (SERVFAIL, REFUSED) or stays silent makes it ask the next one. Sockets stay
/// open between questions; no file is read after `create()`. One thread.
class CaresResolver final : public Resolver, private Watcher {
 public:
  /// Errors: bad_option (a dns_servers entry), internal.
  [[nodiscard]] static Result<std::unique_ptr<CaresResolver>> create(
      Network& network, const CaresSettings& settings = {});
  ~CaresResolver() override;
  CaresResolver(const CaresResolver&) = delete;
  CaresResolver& operator=(const CaresResolver&) = delete;

  void ask(std::string_view name, AddressFamily family) override;
  void take_answers(Instant now, std::vector<Answer>& answers) override;
  [[nodiscard]] Instant next_due() const override;

 private:
  struct Impl;
  explicit CaresResolver(Network& network);
  void on_ready(SocketId socket, bool readable, bool writable) override;

  std::unique_ptr<Impl> impl_;
};

}  // namespace pixhaul::net
