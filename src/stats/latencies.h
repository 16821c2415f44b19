#pragma once

#include <span>

#include "pixhaul/outcome.h"
#include "pixhaul/stats.h"
#include "stats/histogram.h"

namespace pixhaul::stats {

/// The phases of transfers, counted by one thread and read by any.
class Latencies {
 public:
  /// One thread; about 10 ns.
  void add(const PhaseTimes& times);

 private:
  friend LatencySnapshot merge(std::span<const Latencies* const> all);
  Histogram dns_;
  Histogram connect_;
  Histogram tls_;
  Histogram first_byte_;
  Histogram total_;
};

/// What several threads have counted, as one.
[[nodiscard]] LatencySnapshot merge(std::span<const Latencies* const> all);

}  // namespace pixhaul::stats
