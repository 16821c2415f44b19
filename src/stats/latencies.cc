#include "stats/latencies.h"

namespace pixhaul::stats {

void Latencies::add(const PhaseTimes& times) {
  dns_.add(times.dns_ms);
  connect_.add(times.connect_ms);
  tls_.add(times.tls_ms);
  first_byte_.add(times.first_byte_ms);
  total_.add(times.total_ms);
}

LatencySnapshot merge(std::span<const Latencies* const> all) {
  auto summary_of = [all](Histogram Latencies::* phase) {
    HistogramCounts counts;
    for (const Latencies* one : all) (one->*phase).merge_into(counts);
    return counts.summary();
  };
  return {.dns = summary_of(&Latencies::dns_),
          .connect = summary_of(&Latencies::connect_),
          .tls = summary_of(&Latencies::tls_),
          .first_byte = summary_of(&Latencies::first_byte_),
          .total = summary_of(&Latencies::total_)};
}

}  // namespace pixhaul::stats
