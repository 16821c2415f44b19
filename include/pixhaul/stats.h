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
  std::uint64_t memory_bytes = 0;
  std::string limited_by{};                    ///< in words: "3 hosts at their own rate"
  std::array<std::uint64_t, 128> by_status{};  ///< indexed by ErrorCode
};

}  // namespace pixhaul
