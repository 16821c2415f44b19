#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "pixhaul/stats.h"

namespace pixhaul::pipeline {

/// What is known of a stretch of a run.
struct Evidence {
  std::uint64_t rows = 0;                      ///< that ended in it
  std::array<std::uint64_t, 128> by_status{};  ///< how; indexed by ErrorCode
  double disk_share = 0;                       ///< of its time when all waited for the disk
  std::uint64_t least_rows = 20;               ///< fewer prove nothing
};

/// A cause that dominates: more than half of the rows ended by it, or of the time went into it.
struct Diagnosis {
  std::string cause{};     ///< a word that tells causes apart
  std::string sentence{};  ///< what happens, and the option that would help; no full stop
};

/// Every cause that dominates; mostly none. `behind`: the hosts and details behind each status.
[[nodiscard]] std::vector<Diagnosis> diagnose(const Evidence& evidence,
                                              const std::vector<StatusHosts>& behind);

/// Looks at a run as it goes: at its last ten seconds, and at all of it in the end. One thread.
class DiagnosisWatch {
 public:
  /// Sentences that were not said before. Asked at every snapshot.
  [[nodiscard]] std::vector<std::string> look(const StatsSnapshot& now);
  [[nodiscard]] std::vector<std::string> of_the_whole_run(const StatsSnapshot& last) const;

 private:
  struct Look {
    double seconds = 0;
    std::uint64_t rows = 0;
    std::array<std::uint64_t, 128> by_status{};
    bool waits_for_disk = false;
  };
  std::deque<Look> looks_;  // of the last ten seconds, oldest first
  std::vector<std::string> said_;
  std::uint64_t look_count_ = 0;
  std::uint64_t disk_count_ = 0;
};

}  // namespace pixhaul::pipeline
