#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/file.h"
#include "net/url.h"
#include "pipeline/configure_input.h"
#include "pipeline/open_input.h"
#include "pixhaul/download.h"

namespace pixhaul {

namespace {

constexpr std::size_t kBadShown = 10;
constexpr std::size_t kHostsShown = 10;

}  // namespace

Result<Plan> plan(const Options& options) {
  PosixFileSystem local;
  pipeline::AllFiles files(local);
  auto input = pipeline::configure_input(options);
  if (!input) return std::unexpected(std::move(input).error());
  input->list_by_list = false;
  input->table.columns = readers::TableSettings::Columns::drop;
  auto reader = pipeline::open_rows(files, options.url_list, *input);
  if (!reader) return std::unexpected(std::move(reader).error());
  Plan plan;
  std::unordered_map<std::string, std::uint64_t> hosts;
  readers::RawRow row;
  while (!options.max_rows || plan.rows < *options.max_rows) {
    auto more = (*reader)->next(row);
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) break;
    ++plan.rows;
    auto url = row.problem.empty() ? net::parse_url(row.text)
                                   : std::unexpected(Error{.code = ErrorCode::bad_row,
                                                           .detail = std::string(row.problem)});
    if (url) {
      ++hosts[std::string(url->host())];
    } else if (++plan.bad_rows <= kBadShown) {
      plan.first_bad.push_back(row.line == 0
                                   ? url.error().detail
                                   : fmt::format("line {}: {}", row.line, url.error().detail));
    }
  }
  plan.hosts = hosts.size();
  std::vector<std::pair<std::uint64_t, std::string>> ranked;
  ranked.reserve(hosts.size());
  for (const auto& [host, count] : hosts) ranked.emplace_back(count, host);
  const std::size_t shown = std::min(ranked.size(), kHostsShown);
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(shown),
                    ranked.end(), [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second < b.second;
                    });
  for (std::size_t i = 0; i < shown; ++i)
    plan.top_hosts.push_back(fmt::format("{} {}", ranked[i].second, ranked[i].first));
  return plan;
}

}  // namespace pixhaul
