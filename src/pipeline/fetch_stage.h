#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "net/fetcher.h"
#include "net/network.h"

namespace pixhaul::pipeline {

class FetchStage;

/// Where finished transfers go.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  /// Takes them all. Any thread.
  virtual void take(FetchStage& from, std::vector<net::FetchResult>&& results) = 0;
};

/// One loop as a stage: jobs come in from any thread, results go to the sink, redirects to the loop
/// their host lives on. `step()` does one turn; a thread repeats it in production, the simulator
/// calls it.
class FetchStage {
 public:
  /// Not owned; all outlive the stage.
  FetchStage(net::Fetcher& fetcher, net::Network& network, const Clock& clock, ResultSink& sink)
      : fetcher_(fetcher), network_(network), clock_(clock), sink_(sink) {}

  /// Every loop of the run, this one included; set before the first step.
  void set_peers(std::span<FetchStage* const> peers) { peers_ = peers; }

  void submit(std::vector<net::Job>&& jobs);
  void recycle(std::vector<Buffer>&& buffers);
  /// No more starts; what is in flight goes on.
  void stop_starting();

  void step(Duration longest);
  /// After the last step: what was gathered for the sink goes there.
  void finish() { hand_on_results(); }

  /// As of the last turn. Any thread.
  [[nodiscard]] net::FetchCounters counters() const;
  /// Of at most a second ago, five where hosts are many. Any thread.
  [[nodiscard]] std::vector<HostReport> host_reports() const;
  void wake() { network_.wake(); }

 private:
  void take_inbox();
  void take_results();
  void hand_on_results();
  void hand_on_strays();

  net::Fetcher& fetcher_;
  net::Network& network_;
  const Clock& clock_;
  ResultSink& sink_;
  std::span<FetchStage* const> peers_;
  std::vector<net::Job> jobs_;  // being submitted
  std::vector<Buffer> buffers_;
  std::vector<net::FetchResult> results_;  // gathered for the sink
  Instant gathering_since_{};
  std::vector<net::Job> strays_;

  mutable Mutex mutex_;
  std::vector<net::Job> job_inbox_ PIXHAUL_GUARDED_BY(mutex_);
  std::vector<Buffer> buffer_inbox_ PIXHAUL_GUARDED_BY(mutex_);
  net::FetchCounters published_ PIXHAUL_GUARDED_BY(mutex_);
  std::vector<HostReport> host_reports_ PIXHAUL_GUARDED_BY(mutex_);
  bool stop_asked_ PIXHAUL_GUARDED_BY(mutex_) = false;
};

}  // namespace pixhaul::pipeline
