#include "dashboard/snapshot_json.h"

#include "base/json_writer.h"

namespace pixhaul::dashboard {

namespace {

struct Counter {
  const char* name;
  std::uint64_t (*value)(const StatsSnapshot& now);
};

template <auto kMember>
std::uint64_t value_of(const StatsSnapshot& now) {
  return now.*kMember;
}

constexpr Counter kCounters[] = {
    {"rows_read", value_of<&StatsSnapshot::rows_read>},
    {"rows_done", value_of<&StatsSnapshot::rows_done>},
    {"rows_resumed", value_of<&StatsSnapshot::rows_resumed>},
    {"requests", value_of<&StatsSnapshot::requests>},
    {"connections_opened", value_of<&StatsSnapshot::connections_opened>},
    {"connections_reused", value_of<&StatsSnapshot::connections_reused>},
    {"dns_queries", value_of<&StatsSnapshot::dns_queries>},
    {"bytes_body", value_of<&StatsSnapshot::bytes_body>},
    {"bytes_wire", value_of<&StatsSnapshot::bytes_wire>},
    {"bytes_saved", value_of<&StatsSnapshot::bytes_saved>},
    {"in_flight", value_of<&StatsSnapshot::in_flight>},
    {"concurrency_limit", value_of<&StatsSnapshot::concurrency_limit>},
    {"hosts_active", value_of<&StatsSnapshot::hosts_active>},
    {"memory_bytes", value_of<&StatsSnapshot::memory_bytes>},
    {"memory_bodies", value_of<&StatsSnapshot::memory_bodies>},
    {"memory_decode", value_of<&StatsSnapshot::memory_decode>},
    {"memory_shards", value_of<&StatsSnapshot::memory_shards>},
    {"memory_tables", value_of<&StatsSnapshot::memory_tables>},
    {"memory_limit", value_of<&StatsSnapshot::memory_limit>},
};

}  // namespace

std::string snapshot_json(const StatsSnapshot& now) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("seconds", now.seconds);
  json.key("rows_total");
  now.rows_total ? json.value(*now.rows_total) : json.null();
  for (const Counter& counter : kCounters) json.field(counter.name, counter.value(now));
  json.field("limited_by", std::string_view(now.limited_by));
  json.key("by_status");
  json.begin_object();
  for (const ErrorCode code : row_statuses()) {
    const std::uint64_t count = now.by_status[static_cast<std::size_t>(code)];
    if (count == 0) continue;
    json.key(name(code));
    json.value(count);
  }
  json.end_object();
  json.end_object();
  return text;
}

}  // namespace pixhaul::dashboard
