#include "pipeline/bottleneck.h"

#include <fmt/format.h>

#include <algorithm>

namespace pixhaul::pipeline {

namespace {

// A rate over less says more about the loops' turns than about the link.
constexpr double kShortestSample = 0.2;

// Nothing more is started until there is memory: finished bodies wait for the threads behind the
// network, for pixels or for the disk, or else it is bodies that are still coming.
std::string behind_the_network(const StatsSnapshot& now) {
  if (now.worker_threads > 0 && now.states.decoding * 2 > now.worker_threads) {
    return fmt::format("decoding: {} of {} threads busy", now.states.decoding, now.worker_threads);
  }
  if (now.worker_threads > 0 && now.states.writing * 2 > now.worker_threads) {
    return fmt::format("{}: {} of {} threads writing", kTheDisk, now.states.writing,
                       now.worker_threads);
  }
  return fmt::format("--memory: {:.0f} of {:.0f} MB held",
                     static_cast<double>(now.memory_bytes) / 1e6,
                     static_cast<double>(now.memory_limit) / 1e6);
}

std::string hosts_words(const net::FetchCounters& all, const StatsSnapshot& now) {
  const auto held = static_cast<std::uint64_t>(
      std::count_if(now.hosts.begin(), now.hosts.end(), [](const HostReport& host) {
        return host.has_rows_queued && host.condition != HostCondition::down;
      }));
  // The table ends at 20: beyond it every host that has rows is one.
  const std::uint64_t count = held > 0 && now.hosts.size() < 20 ? held : all.hosts;
  return fmt::format("{} host{} at {} own rate", count, count == 1 ? "" : "s",
                     count == 1 ? "its" : "their");
}

}  // namespace

std::string Bottleneck::words(const net::FetchCounters& all, const StatsSnapshot& now) {
  if (now.seconds - seconds_ >= kShortestSample) {
    bits_per_second_ = static_cast<double>(now.bytes_wire - bytes_) * 8 / (now.seconds - seconds_);
    seconds_ = now.seconds;
    bytes_ = now.bytes_wire;
  }
  if (all.held_by_rate) return "--limit_rate";
  if (all.held_by_memory) return behind_the_network(now);
  if (all.held_by_link) return fmt::format("the link: {:.0f} Mbit/s", bits_per_second_ / 1e6);
  if (now.in_flight > 0 && now.in_flight >= all.limit)
    return fmt::format("concurrency: {} at once", all.limit);
  if (all.waiting > 0) return hosts_words(all, now);
  return {};
}

}  // namespace pixhaul::pipeline
