#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul {

/// How long something took, over the whole run so far. Percentiles are at most 6 % above the truth;
/// `max_ms` is exact. Milliseconds; 0 where `count` is 0.
struct LatencySummary {
  std::uint64_t count = 0;
  double p50_ms = 0;
  double p90_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  double sum_ms = 0;
};

/// The phases of the last attempt of every row that ended; reused connections have no first three.
struct LatencySnapshot {
  LatencySummary dns{};
  LatencySummary connect{};
  LatencySummary tls{};
  LatencySummary first_byte{};
  LatencySummary total{};
};

/// What is under way, by what it is doing; the first five as of at most 100 ms ago.
struct StateCounts {
  std::uint32_t resolving = 0;
  std::uint32_t connecting = 0;
  std::uint32_t handshaking = 0;  ///< with TLS or with a proxy
  std::uint32_t waiting = 0;      ///< for the first byte of a response
  std::uint32_t reading = 0;
  std::uint32_t decoding = 0;  ///< working threads that are at a picture's pixels or digest
  std::uint32_t writing = 0;   ///< working threads that write samples and rows
};

/// Why a host is worth a look.
enum class HostCondition : std::uint8_t {
  slow,          ///< among the longest waits for a first byte
  paced,         ///< asked at intervals, since it has refused for rate
  rate_limited,  ///< it said when to come again, or refused for rate; it is left alone until then
  parked,        ///< it failed so often in a row that it is left alone for minutes
  down           ///< given up: its remaining rows end without a request
};

/// "slow", "paced", "rate_limited", "parked", "down".
[[nodiscard]] std::string_view name(HostCondition condition);

/// One host of the table of those that hold a run up.
struct HostReport {
  std::string origin{};  ///< "https://img.example.org"
  HostCondition condition = HostCondition::slow;
  std::string reason{};            ///< in words: "answered 429 or 503"
  double seconds_until_retry = 0;  ///< 0 when it may be asked now, or never again (`down`)
  std::uint32_t in_flight = 0;
  std::uint32_t limit = 0;       ///< requests at once
  double first_byte_ms = 0;      ///< median of its last 20 answers; 0 when it never answered
  bool has_rows_queued = false;  ///< rows wait for it
};

struct HostCount {
  std::string host{};
  std::uint64_t count = 0;
};

/// The hosts behind one status: those seen first by name, the most frequent of them here.
struct StatusHosts {
  ErrorCode status = ErrorCode::internal;
  std::uint64_t count = 0;
  std::vector<HostCount> hosts{};  ///< most frequent first, at most 5
  std::string detail{};            ///< set when all of its rows share it
};

/// Counters of a running or finished run; plain values, copied at one instant.
struct StatsSnapshot {
  std::chrono::system_clock::time_point time{};  ///< when it was taken; not set: the epoch
  double seconds = 0;                            ///< since the run started
  std::optional<std::uint64_t> rows_total{};     ///< known once the list has been read to its end
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
  std::uint64_t shards_open = 0;               ///< with rows to come
  std::uint64_t shards_written = 0;            ///< made visible by this run
  std::uint32_t worker_threads = 0;            ///< that decode and write
  StateCounts states{};
  LatencySnapshot latency{};
  std::vector<StatusHosts> status_hosts{};  ///< failures, most frequent first
  std::vector<HostReport> hosts{};          ///< those that hold the run up, worst first, at most 20
};

/// Rates over the last ten seconds: an average over the whole run hides that it has come to a stop.
class RateWindow {
 public:
  void add(const StatsSnapshot& now);
  [[nodiscard]] double rows_per_second() const;
  [[nodiscard]] double bytes_per_second() const;

 private:
  struct Sample {
    double seconds;
    std::uint64_t rows;
    std::uint64_t bytes;
  };
  std::deque<Sample> samples_;
};

/// Images received and rows failed, this run; rows refused by policy or filter are neither.
[[nodiscard]] std::uint64_t success_count(const StatsSnapshot& now);
[[nodiscard]] std::uint64_t failed_count(const StatsSnapshot& now);

/// The snapshot as one JSON object on one line, with every field above under its own name;
/// `by_status` and `status_hosts` have the statuses' words. Fields are only ever added.
[[nodiscard]] std::string stats_json(const StatsSnapshot& now);

/// The event `progress` of docs/events.schema.json: those fields with the event's own, `success`,
/// `failed` and the rates. What `--progress json` prints and `--events` writes.
[[nodiscard]] std::string progress_event(const StatsSnapshot& now, const RateWindow& rates);
/// The event `notice`.
[[nodiscard]] std::string notice_event(std::chrono::system_clock::time_point time,
                                       std::string_view sentence);

/// The same in Prometheus' text format: names `pixhaul_*`, base units (seconds, bytes).
[[nodiscard]] std::string stats_metrics(const StatsSnapshot& now);

}  // namespace pixhaul
