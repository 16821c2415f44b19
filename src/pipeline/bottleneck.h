#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/fetcher.h"
#include "pixhaul/stats.h"

namespace pixhaul::pipeline {

/// How the words begin while everything waits for the disk.
inline constexpr std::string_view kTheDisk = "the disk";

/// Says in words what a run waits for. One thread.
class Bottleneck {
 public:
  /// To be read behind "limited by"; "" when nothing in particular. `all`: the loops' counters
  /// together; `now`: everything but `limited_by` is filled in. Asked at every snapshot, for the
  /// link's rate is what came since the last one.
  [[nodiscard]] std::string words(const net::FetchCounters& all, const StatsSnapshot& now);

 private:
  double seconds_ = 0;
  std::uint64_t bytes_ = 0;
  double bits_per_second_ = 0;
};

}  // namespace pixhaul::pipeline
