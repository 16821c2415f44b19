#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "base/unique_fd.h"

namespace pixhaul::cli {

/// Takes the process's signals for as long as it lives. The first SIGINT or SIGTERM asks `source`
/// to stop, the second ends the process at once (130, 143); SIGHUP and SIGUSR1 count up
/// `statistics_wanted()`; SIGPIPE is ignored. Make it in the main thread before any other thread:
/// threads inherit the blocked mask, so that only the thread in here ever takes a signal and no
/// handler exists.
class Signals {
 public:
  explicit Signals(std::stop_source source);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] const std::atomic<int>& statistics_wanted() const { return statistics_wanted_; }

 private:
  void wait_for_signals();
  void take(int signal);

  std::stop_source source_;
  UniqueFd signals_;
  UniqueFd wake_;
  std::atomic<int> statistics_wanted_{0};
  std::jthread thread_;
};

}  // namespace pixhaul::cli
