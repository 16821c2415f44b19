#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pixhaul::testing {

/// What one seed came to.
struct SimulationReport {
  std::uint64_t digest = 0;  ///< of the event log, the outputs included
  std::uint64_t events = 0;
  std::uint64_t disturbances = 0;  ///< kills, power cuts, disk faults and stops that took place
  std::uint64_t power_cuts = 0;    ///< of them
  std::vector<std::string> violations{};
};

/// A whole life of a folder: a scenario is run undisturbed; then again on a fresh disk with kills,
/// power cuts, disk faults and stops at random moments, restarted until it is done. The invariants
/// are checked behind each disturbance and at the end, the ends compared where the scenario is
/// steady. Equal seeds give equal reports.
[[nodiscard]] SimulationReport simulate(std::uint64_t seed);

/// The ends of the seed's scenario, made steady, under `count` schedules: one text each.
[[nodiscard]] std::vector<std::string> ends_under_schedules(std::uint64_t seed, std::size_t count);

}  // namespace pixhaul::testing
