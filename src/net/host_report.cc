// The table of hosts that hold a run up. A host is in trouble when its throttle says so; of the
// others the slowest are shown. Candidates are gathered as pointers and sorted; only those that are
// shown become text.
#include "net/host_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "net/scheduler.h"

namespace pixhaul::net {

namespace {

struct Candidate {
  const Host* host;
  HostCondition condition;
  Duration first_byte;
};

std::optional<HostCondition> condition_of(const Host& host, Instant now) {
  const HostThrottle& throttle = host.throttle;
  if (throttle.is_down()) return HostCondition::down;
  if (throttle.is_parked(now)) return HostCondition::parked;
  if (throttle.is_limited(now)) return HostCondition::rate_limited;
  const bool has_work = !host.queue.empty() || throttle.active() > 0;
  if (!has_work) return std::nullopt;
  return throttle.interval() > Duration::zero() ? HostCondition::paced : HostCondition::slow;
}

std::string reason_of(const Host& host, HostCondition condition) {
  const HostThrottle& throttle = host.throttle;
  switch (condition) {
    case HostCondition::down:
      return fmt::format("nothing but failures through {} pauses: given up",
                         unsigned{HostThrottle::kMaxParks});
    case HostCondition::parked:
      return fmt::format("{} failures in a row: pause {} of {}",
                         unsigned{HostThrottle::kFailuresToPark}, throttle.park_count(),
                         unsigned{HostThrottle::kMaxParks});
    case HostCondition::rate_limited:
      return "answered 429 or 503: too many requests";
    case HostCondition::paced:
      return fmt::format("has refused for rate: one request every {:.0f} ms",
                         std::chrono::duration<double, std::milli>(throttle.interval()).count());
    case HostCondition::slow:
      return throttle.active() >= throttle.limit() ? "as many requests in flight as it may have"
                                                   : "slow to answer";
  }
  return {};
}

double seconds_between(Instant from, Instant to) {
  return to > from ? std::chrono::duration<double>(to - from).count() : 0;
}

HostReport report_of(const Candidate& candidate, Instant now) {
  const Host& host = *candidate.host;
  const bool never = candidate.condition == HostCondition::down;
  return {.origin = host.origin,
          .condition = candidate.condition,
          .reason = reason_of(host, candidate.condition),
          .seconds_until_retry =
              never
                  ? 0
                  : seconds_between(now, std::max(host.throttle.blocked_until(), host.next_start)),
          .in_flight = host.throttle.active(),
          .limit = host.throttle.limit(),
          .first_byte_ms = std::chrono::duration<double, std::milli>(candidate.first_byte).count(),
          .has_rows_queued = !host.queue.empty()};
}

}  // namespace

void sort_reports(std::vector<HostReport>& reports) {
  std::sort(reports.begin(), reports.end(), [](const HostReport& a, const HostReport& b) {
    return std::tie(b.condition, b.has_rows_queued, b.first_byte_ms, a.origin) <
           std::tie(a.condition, a.has_rows_queued, a.first_byte_ms, b.origin);
  });
}

std::vector<HostReport> Scheduler::report_hosts(Instant now, std::size_t most) const {
  std::vector<Candidate> candidates;
  for (const auto& [origin, host] : hosts_) {
    const auto condition = condition_of(*host, now);
    if (!condition) continue;
    const auto first_byte = host->throttle.first_byte();
    if (*condition == HostCondition::slow && !first_byte) continue;
    candidates.push_back({host.get(), *condition, first_byte.value_or(Duration::zero())});
  }
  const std::size_t count = std::min(most, candidates.size());
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end(), [](const Candidate& a, const Candidate& b) {
                      const bool a_waits = !a.host->queue.empty();
                      const bool b_waits = !b.host->queue.empty();
                      return std::tie(b.condition, b_waits, b.first_byte, a.host->origin) <
                             std::tie(a.condition, a_waits, a.first_byte, b.host->origin);
                    });
  std::vector<HostReport> reports;
  reports.reserve(count);
  for (std::size_t i = 0; i < count; ++i) reports.push_back(report_of(candidates[i], now));
  return reports;
}

}  // namespace pixhaul::net
