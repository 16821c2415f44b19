// The snapshot in Prometheus' text format. Families are made for each call: four a second at most
// are ever asked for, and nothing of Prometheus then lives in the engine.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "stats/fields.h"

namespace pixhaul {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string_view name, std::string_view help, MetricType type) {
  return {.name = "pixhaul_" + std::string(name), .help = std::string(help), .type = type};
}

void add(MetricFamily& to, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (to.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  to.metric.push_back(std::move(metric));
}

MetricFamily single(std::string_view name, std::string_view help, MetricType type, double value) {
  MetricFamily made = family(name, help, type);
  add(made, value);
  return made;
}

MetricFamily rows_by_status(const StatsSnapshot& now) {
  MetricFamily rows = family("rows_total", "Rows that ended, by status.", MetricType::Counter);
  for (const ErrorCode code : row_statuses()) {
    const std::uint64_t count = now.by_status[static_cast<std::size_t>(code)];
    add(rows, static_cast<double>(count), {{"status", std::string(name(code))}});
  }
  return rows;
}

MetricFamily connections_by_state(const StatsSnapshot& now) {
  MetricFamily made =
      family("work_by_state", "Transfers and threads, by what they do.", MetricType::Gauge);
  for (const stats::StateField& state : stats::state_fields())
    add(made, now.states.*state.value, {{"state", std::string(state.name)}});
  return made;
}

MetricFamily phases(const StatsSnapshot& now) {
  MetricFamily made =
      family("phase_duration_seconds", "Duration of each phase of a row's last attempt.",
             MetricType::Summary);
  for (const stats::PhaseField& phase : stats::phase_fields()) {
    const LatencySummary& latency = now.latency.*phase.value;
    ClientMetric metric;
    metric.label = {{"phase", std::string(phase.name)}};
    metric.summary.sample_count = latency.count;
    metric.summary.sample_sum = latency.sum_ms / 1000;
    const std::pair<double, double> quantiles[] = {
        {0.5, latency.p50_ms}, {0.9, latency.p90_ms}, {0.99, latency.p99_ms}};
    for (const auto& [share, milliseconds] : quantiles) {
      const double value =
          latency.count > 0 ? milliseconds / 1000 : std::numeric_limits<double>::quiet_NaN();
      metric.summary.quantile.push_back({.quantile = share, .value = value});
    }
    made.metric.push_back(std::move(metric));
  }
  return made;
}

MetricFamily troubled_hosts(const StatsSnapshot& now) {
  MetricFamily made =
      family("host_retry_seconds",
             "Seconds until a held back host is asked again; at most 20 hosts.", MetricType::Gauge);
  for (const HostReport& host : now.hosts) {
    if (host.condition == HostCondition::slow) continue;
    add(made, host.seconds_until_retry,
        {{"host", host.origin}, {"condition", std::string(name(host.condition))}});
  }
  return made;
}

}  // namespace

std::string stats_metrics(const StatsSnapshot& now) {
  std::vector<MetricFamily> families;
  families.push_back(
      single("run_duration_seconds", "Since the run started.", MetricType::Gauge, now.seconds));
  const std::chrono::duration<double> since_epoch = now.time.time_since_epoch();
  families.push_back(single("snapshot_timestamp_seconds",
                            "When these figures were taken, in seconds since 1970.",
                            MetricType::Gauge, since_epoch.count()));
  if (now.rows_total) {
    families.push_back(single("list_rows", "Rows of the whole list, once it was read to its end.",
                              MetricType::Gauge, static_cast<double>(*now.rows_total)));
  }
  for (const stats::CountField& field : stats::count_fields()) {
    families.push_back(single(field.metric, field.help,
                              field.is_counter ? MetricType::Counter : MetricType::Gauge,
                              static_cast<double>(field.value(now))));
  }
  families.push_back(rows_by_status(now));
  families.push_back(connections_by_state(now));
  families.push_back(phases(now));
  if (MetricFamily hosts = troubled_hosts(now); !hosts.metric.empty())
    families.push_back(std::move(hosts));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace pixhaul
