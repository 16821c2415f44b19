#include "cli/compare_command.h"

#include <fmt/core.h>

#include <cerrno>
#include <optional>

#include "cli/compare_table.h"
#include "cli/requests_twin.h"
#include "cli/summary.h"

namespace pixhaul::cli {
namespace {

// Enough for a cold and a warm figure without being a burden to somebody else's server.
constexpr std::uint32_t kPublicRounds = 2;
constexpr std::uint32_t kRounds = 8;

std::vector<CompareCell> empty_cells(const CompareOptions& options) {
  std::vector<CompareCell> cells;
  for (std::uint32_t images : options.images) {
    for (ConnectionMode connection : {ConnectionMode::reuse, ConnectionMode::fresh}) {
      for (BodyMode body : {BodyMode::stream, BodyMode::buffer}) {
        cells.push_back({.connection = connection, .body = body, .images = images});
      }
    }
  }
  return cells;
}

Result<> write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return {};
  std::FILE* file = std::fopen(path.c_str(), "w");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int reason = errno;
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (written) return {};
  return std::unexpected(Error{ErrorCode::output_unwritable, reason, "write " + path});
}

Result<> show(const Comparison& comparison, const CompareFlags& flags, const Console& console) {
  std::fputs(comparison_table(comparison).c_str(), console.out);
  std::fflush(console.out);
  if (auto written = write_file(flags.json, comparison_json(comparison)); !written) return written;
  return write_file(flags.plot, comparison_svg(comparison));
}

Result<ComparePlan> planned(CompareOptions& options, const CompareFlags& flags) {
  options.rounds = flags.rounds.value_or(kRounds);
  auto plan = plan_compare(options);
  if (!plan || !plan->public_hosts || flags.rounds) return plan;
  options.rounds = kPublicRounds;
  return plan_compare(options);
}

/// Our rounds, with the twin's before each when there is one.
Result<Comparison> run_rounds(const CompareOptions& options, RequestsTwin* twin) {
  Comparison comparison{.rounds = options.rounds};
  if (twin != nullptr) comparison.requests = empty_cells(options);
  Result<> twin_result;
  auto ours = compare(options, [&](std::uint32_t) {
    for (CompareCell& cell : comparison.requests) {
      if (twin_result) twin_result = twin->run_round(cell);
    }
  });
  if (!ours) return std::unexpected(std::move(ours).error());
  if (!twin_result) return std::unexpected(std::move(twin_result).error());
  comparison.ours = std::move(*ours);
  return comparison;
}

bool nothing_succeeded(const Comparison& comparison) {
  for (const CompareCell& cell : comparison.ours.cells) {
    if (cell.failed < std::uint64_t{cell.images} * comparison.rounds) return false;
  }
  return true;
}

}  // namespace

int run_compare(const Invocation& invocation, const Console& console) {
  const CompareFlags& flags = invocation.compare;
  CompareOptions options{
      .base = invocation.options, .images = flags.images, .http2_row = flags.http2};
  const auto plan = planned(options, flags);
  if (!plan) return report(console, plan.error());
  std::fputs(announcement(*plan, options, flags.with_requests).c_str(), console.error.stream);
  if (plan->public_hosts && !flags.rounds) {
    std::fputs("2 rounds only, because a host is public; --rounds N asks for more\n",
               console.error.stream);
  }
  std::optional<RequestsTwin> twin;
  if (flags.with_requests) {
    auto started = RequestsTwin::start(plan->urls, options.base.ca_file);
    if (!started) return report(console, started.error());
    twin.emplace(std::move(*started));
  }
  const auto comparison = run_rounds(options, twin ? &*twin : nullptr);
  if (!comparison) return report(console, comparison.error());
  if (auto shown = show(*comparison, flags, console); !shown) return report(console, shown.error());
  return nothing_succeeded(*comparison) ? 1 : 0;
}

}  // namespace pixhaul::cli
