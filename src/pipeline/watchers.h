#pragma once

#include <memory>
#include <string>

#include "pipeline/event_log.h"
#include "pixhaul/download.h"

namespace pixhaul::pipeline {

/// The machines that watch a run, by `events` and `metrics_file`: told what its observer is told,
/// and a little more. A file that cannot be written any more is said once and given up: the run
/// goes on. One thread, but the event log.
class Watchers {
 public:
  /// Errors: disk_full, output_unwritable, one sentence, when a file cannot be written at all.
  [[nodiscard]] static Result<std::unique_ptr<Watchers>> open(const Options& options,
                                                              const Clock& clock);

  /// For those who have more to tell; nullptr without `events`.
  [[nodiscard]] EventLog* events() { return events_.get(); }

  /// `observer` hears of what could not be written.
  void progress(const StatsSnapshot& now, Observer& observer);
  void notice(const std::string& sentence);
  /// The run has ended, one way or the other.
  void finish(const Result<Summary>& summary);

 private:
  Watchers() = default;

  std::unique_ptr<EventLog> events_;
  std::string metrics_file_;
  StatsSnapshot last_{};
  double metrics_written_ = -1;
};

/// Tells an observer and the watchers each piece of news. References outlive it.
class WatchedObserver final : public Observer {
 public:
  WatchedObserver(Observer& observer, Watchers& watchers)
      : observer_(observer), watchers_(watchers) {}
  void on_progress(const StatsSnapshot& now) override {
    observer_.on_progress(now);
    watchers_.progress(now, observer_);
  }
  void on_notice(const std::string& sentence) override {
    observer_.on_notice(sentence);
    watchers_.notice(sentence);
  }

 private:
  Observer& observer_;
  Watchers& watchers_;
};

}  // namespace pixhaul::pipeline
