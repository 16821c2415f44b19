#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pixhaul/fetch.h"
#include "pixhaul/stats.h"

namespace pixhaul {

/// Keeps connections, TLS sessions and DNS answers between calls. One thread at a time.
class Session {
 public:
  /// Errors: bad_option.
  [[nodiscard]] static Result<Session> create(const Options& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  [[nodiscard]] Fetched fetch(std::string_view url);
  /// All at once, as `concurrency` and `host_concurrency` allow; results in the order of `urls`.
  [[nodiscard]] std::vector<Fetched> fetch_all(std::span<const std::string> urls);
  /// Counters since the session was created.
  [[nodiscard]] StatsSnapshot stats() const;

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul
