#include "stats/fields.h"

namespace pixhaul {

std::string_view name(HostCondition condition) {
  constexpr std::string_view kNames[] = {"slow", "paced", "rate_limited", "parked", "down"};
  return kNames[static_cast<std::size_t>(condition)];
}

}  // namespace pixhaul

namespace pixhaul::stats {

namespace {

template <auto Member>
std::uint64_t get(const StatsSnapshot& now) {
  return now.*Member;
}

using S = StatsSnapshot;

constexpr CountField kCounts[] = {
    {"rows_read", "rows_read_total", "Rows of the list read.", get<&S::rows_read>, true},
    {"rows_done", "rows_done_total", "Rows that ended in this run.", get<&S::rows_done>, true},
    {"rows_resumed", "rows_resumed_total", "Rows that an earlier run had finished.",
     get<&S::rows_resumed>, true},
    {"requests", "requests_total", "Requests sent.", get<&S::requests>, true},
    {"connections_opened", "connections_opened_total", "Connections opened.",
     get<&S::connections_opened>, true},
    {"connections_reused", "connections_reused_total", "Requests sent over a kept connection.",
     get<&S::connections_reused>, true},
    {"dns_queries", "dns_queries_total", "Names asked for.", get<&S::dns_queries>, true},
    {"bytes_body", "body_bytes_total", "Bytes of images kept.", get<&S::bytes_body>, true},
    {"bytes_wire", "received_bytes_total", "Bytes of responses received.", get<&S::bytes_wire>,
     true},
    {"bytes_saved", "saved_bytes_total",
     "Bytes not received because the first ones were enough to refuse.", get<&S::bytes_saved>,
     true},
    {"shards_written", "shards_written_total", "Shards made visible by this run.",
     get<&S::shards_written>, true},
    {"in_flight", "requests_in_flight", "Transfers under way.", get<&S::in_flight>, false},
    {"concurrency_limit", "concurrency_limit", "Transfers that may be under way at once.",
     get<&S::concurrency_limit>, false},
    {"hosts_active", "hosts", "Hosts known to the engine.", get<&S::hosts_active>, false},
    {"memory_bytes", "memory_used_bytes", "Memory charged to the ceiling.", get<&S::memory_bytes>,
     false},
    {"memory_bodies", "memory_bodies_bytes", "Held by bodies that arrive or wait.",
     get<&S::memory_bodies>, false},
    {"memory_decode", "memory_decode_bytes", "Held by pictures being decoded.",
     get<&S::memory_decode>, false},
    {"memory_shards", "memory_shards_bytes", "Held by rows under way and shards.",
     get<&S::memory_shards>, false},
    {"memory_tables", "memory_tables_bytes", "Held by tables.", get<&S::memory_tables>, false},
    {"memory_limit", "memory_limit_bytes", "The ceiling of memory.", get<&S::memory_limit>, false},
    {"shards_open", "shards_open", "Shards with rows to come.", get<&S::shards_open>, false},
    {"worker_threads", "worker_threads", "Threads that decode and write.", get<&S::worker_threads>,
     false},
};

constexpr PhaseField kPhases[] = {{"dns", &LatencySnapshot::dns},
                                  {"connect", &LatencySnapshot::connect},
                                  {"tls", &LatencySnapshot::tls},
                                  {"first_byte", &LatencySnapshot::first_byte},
                                  {"total", &LatencySnapshot::total}};

constexpr StateField kStates[] = {
    {"resolving", &StateCounts::resolving},     {"connecting", &StateCounts::connecting},
    {"handshaking", &StateCounts::handshaking}, {"waiting", &StateCounts::waiting},
    {"reading", &StateCounts::reading},         {"decoding", &StateCounts::decoding},
    {"writing", &StateCounts::writing}};

}  // namespace

std::span<const CountField> count_fields() { return kCounts; }
std::span<const PhaseField> phase_fields() { return kPhases; }
std::span<const StateField> state_fields() { return kStates; }

}  // namespace pixhaul::stats
