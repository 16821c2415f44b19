#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/mutex.h"
#include "net/fetcher.h"
#include "pipeline/fetch_stage.h"
#include "pixhaul/stream.h"

namespace pixhaul::pipeline {

/// A transfer that ended, between its loop and who makes a sample of it.
struct Arrival {
  FetchStage* from = nullptr;
  net::FetchResult result{};
  std::uint64_t turn = 0;  ///< of its row: how many were sent before it
};

/// A sample that waits for the stream's reader.
struct ReadySample {
  Sample sample{};
  std::uint32_t place = 0;  ///< of its row in the window
};

/// The two ends of making samples: arrivals in, samples out, at most so many bytes of finished ones
/// waiting. In order, the row that the reader waits for is always let through, so a full line never
/// waits for itself. Any thread.
class SampleLine {
 public:
  /// `ready_bytes`: of finished samples; one more may always be made.
  SampleLine(bool ordered, std::uint64_t ready_bytes)
      : ordered_(ordered), ready_limit_(ready_bytes) {}

  void arrive(Arrival&& arrival);
  /// Waits for an arrival and for room. nullopt once closed.
  [[nodiscard]] std::optional<Arrival> take_arrival();
  /// The sample made of a taken arrival; `bytes`: what it holds.
  void finish(std::uint64_t turn, ReadySample&& ready, std::uint64_t bytes);

  /// No row behind the first `count` will come, and why.
  void end(std::uint64_t count, std::optional<Error> failure);
  void close();

  /// Waits until there is a sample or will be none. False if neither within `longest`.
  [[nodiscard]] bool wait(std::chrono::milliseconds longest);
  /// The next sample, without waiting; nullopt if there is none now.
  [[nodiscard]] std::optional<ReadySample> take_ready();
  /// After wait(): why there is no sample; nullopt for the end.
  [[nodiscard]] std::optional<Error> failure() const;
  [[nodiscard]] std::uint64_t taken() const;

 private:
  struct Ready {
    ReadySample ready{};
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] bool may_make() const PIXHAUL_REQUIRES(mutex_);
  [[nodiscard]] bool has_ready() const PIXHAUL_REQUIRES(mutex_);
  [[nodiscard]] bool is_over() const PIXHAUL_REQUIRES(mutex_);

  const bool ordered_;
  const std::uint64_t ready_limit_;
  mutable Mutex mutex_;
  ConditionVariable arrived_;
  ConditionVariable readied_;
  std::multimap<std::uint64_t, Arrival> arrivals_ PIXHAUL_GUARDED_BY(mutex_);  // by turn
  std::map<std::uint64_t, Ready> ready_ PIXHAUL_GUARDED_BY(mutex_);  // by turn, or as finished
  std::uint64_t ready_bytes_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::uint64_t making_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::uint64_t finished_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::uint64_t taken_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  std::optional<std::uint64_t> count_ PIXHAUL_GUARDED_BY(mutex_);
  std::optional<Error> failure_ PIXHAUL_GUARDED_BY(mutex_);
  bool closed_ PIXHAUL_GUARDED_BY(mutex_) = false;
};

}  // namespace pixhaul::pipeline
