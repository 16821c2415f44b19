#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pixhaul/download.h"

namespace pixhaul {

struct DashboardSettings {
  std::uint16_t port = 0;       ///< 0: any that is free
  std::string output_folder{};  ///< whose rows the gallery shows; it may appear later
};

/// A page on 127.0.0.1 that shows a run while it goes on. It only reads. The page is served by
/// threads of its own with 32 connections at most; what they hold does not grow with the run.
/// Calls of Observer come from one thread; they never wait for a browser.
class Dashboard final : public Observer {
 public:
  /// Listens at once. Errors: bad_option, one sentence (the port is taken, or this build has no
  /// dashboard).
  [[nodiscard]] static Result<std::unique_ptr<Dashboard>> open(const DashboardSettings& settings);
  /// Closes every connection and waits for its threads.
  ~Dashboard() override;

  /// "http://127.0.0.1:PORT/?token=…". Whoever opens it first gets the page; then it is spent.
  [[nodiscard]] const std::string& address() const;

  void on_progress(const StatsSnapshot& now) override;
  void on_notice(const std::string& sentence) override;
  /// The run has ended; pages that are open say so.
  void finish();

 private:
  struct State;
  explicit Dashboard(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul
