#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "pixhaul/result.h"

namespace pixhaul {

/// Counters of a running or finished run; plain values, copied at one instant.
struct StatsSnapshot {
  double seconds = 0;                         ///< since the run started
  std::optional<std::uint64_t> rows_total{};  ///< known once the list has been read to its end
  std::uint64_t rows_read = 0;
  std::uint64_t rows_done = 0;     ///< in a final status, this run
  std::uint64_t rows_resumed = 0;  ///< already done by an earlier run
  std::uint64_t requests = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_reused = 0;
  std::uint64_t dns_queries = 0;
  std::uint64_t bytes_body = 0;
  std::uint64_t bytes_wire = 0;
  std::uint64_t bytes_saved = 0;  ///< not received because the first bytes were enough to refuse
  std::uint32_t in_flight = 0;
  std::uint32_t concurrency_limit = 0;
  std::uint64_t hosts_active = 0;
  std::uint64_t memory_bytes = 0;   ///< what is held of `memory_limit`: the four below together
  std::uint64_t memory_bodies = 0;  ///< bodies that arrive or wait to be written
  std::uint64_t memory_decode = 0;  ///< pictures being decoded, resized and encoded
  std::uint64_t memory_shards = 0;  ///< rows under way and shards being assembled
  std::uint64_t memory_tables = 0;  ///< tables, in Arrow's pools
  std::uint64_t memory_limit = 0;   ///< `memory`, as given or as found
  std::string limited_by{};         ///< in words: "3 hosts at their own rate"
  std::array<std::uint64_t, 128> by_status{};  ///< indexed by ErrorCode
};

}  // namespace pixhaul
