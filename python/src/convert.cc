#include "convert.h"

#include <nanobind/stl/string.h>

#include <string>

#include "pixhaul/result.h"

namespace pixhaul::python {

namespace nb = nanobind;

nb::dict stats_dict(const StatsSnapshot& stats) {
  nb::dict all;
  all["seconds"] = stats.seconds;
  all["rows_total"] = optional_value(stats.rows_total);
  all["rows_read"] = stats.rows_read;
  all["rows_done"] = stats.rows_done;
  all["rows_resumed"] = stats.rows_resumed;
  all["requests"] = stats.requests;
  all["connections_opened"] = stats.connections_opened;
  all["connections_reused"] = stats.connections_reused;
  all["dns_queries"] = stats.dns_queries;
  all["bytes_body"] = stats.bytes_body;
  all["bytes_wire"] = stats.bytes_wire;
  all["bytes_saved"] = stats.bytes_saved;
  all["in_flight"] = stats.in_flight;
  all["concurrency_limit"] = stats.concurrency_limit;
  all["hosts_active"] = stats.hosts_active;
  all["memory_bytes"] = stats.memory_bytes;
  all["shards_open"] = stats.shards_open;
  all["shards_written"] = stats.shards_written;
  all["limited_by"] = stats.limited_by;
  nb::dict statuses;
  for (const ErrorCode code : row_statuses()) {
    const std::uint64_t count = stats.by_status[static_cast<std::size_t>(code)];
    if (count > 0) statuses[nb::cast(std::string(name(code)))] = count;
  }
  all["by_status"] = statuses;
  return all;
}

ArrowArrayStream* stream_of(nb::handle capsule) {
  if (capsule.is_none()) return nullptr;
  void* stream = PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream");
  if (stream == nullptr) throw nb::python_error();
  return static_cast<ArrowArrayStream*>(stream);
}

}  // namespace pixhaul::python
