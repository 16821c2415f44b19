#include "pipeline/tally.h"

#include <algorithm>

namespace pixhaul::pipeline {

namespace {

constexpr std::size_t kHostsNamed =
    512;  // of one reason; beyond it only the known ones are counted
constexpr std::size_t kHostsShown = 3;

// A host that is down was given up because nobody there answered.
bool is_network(ErrorCode code) {
  return code == ErrorCode::host_down ||
         (code >= ErrorCode::dns_not_found && code <= ErrorCode::dns_error) ||
         (code >= ErrorCode::connect_refused && code <= ErrorCode::connection_reset);
}

}  // namespace

void Tally::count(const Row& row, std::string_view host) {
  const ErrorCode status = row.outcome.status;
  ++rows_;
  ++by_status_[static_cast<std::size_t>(status)];
  if (status == ErrorCode::success) {
    ++images_;
    image_bytes_ += row.outcome.bytes;
  } else {
    add_failure(row, host);
  }
}

void Tally::add_failure(const Row& row, std::string_view host) {
  const Outcome& outcome = row.outcome;
  Group& group = groups_[static_cast<std::uint32_t>(outcome.status) << 16 | outcome.http_status];
  FailureGroup& facts = group.facts;
  facts.transient = facts.transient || outcome.transient;
  if (facts.count++ == 0) {
    facts.status = outcome.status;
    facts.http_status = outcome.http_status;
    facts.detail = outcome.detail;
    facts.first_input = row.input;
    facts.first_line = row.line;
    facts.first_url = row.url;
  } else {
    group.details_differ = group.details_differ || facts.detail != outcome.detail;
    if (facts.first_input == row.input && row.line < facts.first_line) {
      facts.first_line = row.line;
      facts.first_url = row.url;
    }
  }
  if (host.empty()) return;
  if (auto known = group.hosts.find(std::string(host)); known != group.hosts.end()) {
    ++known->second;
  } else if (group.hosts.size() < kHostsNamed) {
    group.hosts.emplace(host, 1);
  }
}

void Tally::count_totals(const std::map<ErrorCode, std::uint64_t>& by_status,
                         std::uint64_t image_bytes) {
  for (const auto& [status, count] : by_status) {
    by_status_[static_cast<std::size_t>(status)] += count;
    rows_ += count;
    if (status == ErrorCode::success) images_ += count;
  }
  image_bytes_ += image_bytes;
}

std::vector<FailureGroup> Tally::failures() const {
  std::vector<FailureGroup> groups;
  for (const auto& [key, group] : groups_) {
    FailureGroup facts = group.facts;
    if (group.details_differ) facts.detail.clear();
    std::vector<std::pair<std::string, std::uint64_t>> hosts(group.hosts.begin(),
                                                             group.hosts.end());
    std::sort(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    facts.host_count = hosts.size();
    for (std::size_t i = 0; i < std::min(hosts.size(), kHostsShown); ++i)
      facts.hosts.push_back(hosts[i].first);
    groups.push_back(std::move(facts));
  }
  std::sort(groups.begin(), groups.end(), [](const FailureGroup& a, const FailureGroup& b) {
    return a.count != b.count ? a.count > b.count : a.status < b.status;
  });
  return groups;
}

std::vector<StatusHosts> Tally::status_hosts() const {
  constexpr std::size_t kMost = 5;
  std::map<ErrorCode, std::map<std::string_view, std::uint64_t>> hosts;
  std::map<ErrorCode, std::string_view> details;  // "" once two differ
  for (const auto& [key, group] : groups_) {
    const std::string_view detail =
        group.details_differ ? "" : std::string_view(group.facts.detail);
    const auto [known, is_new] = details.emplace(group.facts.status, detail);
    if (!is_new && known->second != detail) known->second = "";
    for (const auto& [host, count] : group.hosts) hosts[group.facts.status][host] += count;
  }
  std::vector<StatusHosts> all;
  for (const auto& [status, counts] : hosts) {
    StatusHosts behind{.status = status,
                       .count = by_status_[static_cast<std::size_t>(status)],
                       .detail = std::string(details[status])};
    for (const auto& [host, count] : counts) behind.hosts.push_back({std::string(host), count});
    const std::size_t shown = std::min(behind.hosts.size(), kMost);
    std::partial_sort(behind.hosts.begin(),
                      behind.hosts.begin() + static_cast<std::ptrdiff_t>(shown), behind.hosts.end(),
                      [](const HostCount& a, const HostCount& b) {
                        return a.count != b.count ? a.count > b.count : a.host < b.host;
                      });
    behind.hosts.resize(shown);
    all.push_back(std::move(behind));
  }
  std::sort(all.begin(), all.end(), [](const StatusHosts& a, const StatusHosts& b) {
    return a.count != b.count ? a.count > b.count : a.status < b.status;
  });
  return all;
}

std::uint64_t Tally::failed() const { return rows_ - images_ - refused(); }

std::uint64_t Tally::refused() const {
  std::uint64_t count = 0;
  for (ErrorCode code : {ErrorCode::robots_txt, ErrorCode::opt_out, ErrorCode::filtered}) {
    count += by_status_[static_cast<std::size_t>(code)];
  }
  return count;
}

bool Tally::is_network_down() const {
  if (rows_ == 0 || images_ > 0) return false;
  for (std::size_t i = 0; i < by_status_.size(); ++i) {
    if (by_status_[i] > 0 && !is_network(static_cast<ErrorCode>(i))) return false;
  }
  return true;
}

}  // namespace pixhaul::pipeline
