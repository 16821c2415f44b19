#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/json_writer.h"
#include "pixhaul/stats.h"

namespace pixhaul::stats {

/// A plain number of the snapshot, as JSON and Prometheus name and explain it.
struct CountField {
  std::string_view name;    ///< of the member and in JSON
  std::string_view metric;  ///< behind "pixhaul_"; counters end in _total
  std::string_view help;
  std::uint64_t (*value)(const StatsSnapshot&);
  bool is_counter;  ///< only ever grows
};

struct PhaseField {
  std::string_view name;
  LatencySummary LatencySnapshot::* value;
};

struct StateField {
  std::string_view name;
  std::uint32_t StateCounts::* value;
};

/// The tables that both exports are made from.
[[nodiscard]] std::span<const CountField> count_fields();
[[nodiscard]] std::span<const PhaseField> phase_fields();
[[nodiscard]] std::span<const StateField> state_fields();

/// What every JSON of ours says of a phase, as an object.
void append_latency(JsonWriter& json, const LatencySummary& latency);

}  // namespace pixhaul::stats
