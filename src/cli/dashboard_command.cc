#include "cli/dashboard_command.h"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "cli/compare_command.h"
#include "cli/signals.h"
#include "pixhaul/status.h"

namespace pixhaul::cli {

namespace {

constexpr std::chrono::seconds kLookEvery{1};

// Printed whatever --progress says: nobody could find the page without it.
Result<std::unique_ptr<Dashboard>> open_printed(const DashboardSettings& settings,
                                                const Console& console) {
  Result<std::unique_ptr<Dashboard>> page = Dashboard::open(settings);
  if (page) {
    std::fputs(fmt::format("dashboard: {}\n", (*page)->address()).c_str(), console.error.stream);
    std::fflush(console.error.stream);
  }
  return page;
}

StatsSnapshot snapshot_of(const FolderStatus& status, double seconds) {
  StatsSnapshot now;
  now.time = std::chrono::system_clock::now();
  now.seconds = seconds;
  now.rows_total = status.rows_total;
  now.rows_read = now.rows_done = status.rows;
  now.bytes_body = status.image_bytes;
  now.by_status = status.by_status;
  return now;
}

bool is_over(const FolderStatus& status) { return status.is_complete || status.running.empty(); }

// Looks at the folder once a second while something works on it, then only serves.
void follow(const std::string& folder, Dashboard& page, std::stop_token stop) {
  const auto began = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::condition_variable_any wake;
  bool is_finished = false;
  while (!stop.stop_requested()) {
    if (!is_finished) {
      const Result<FolderStatus> found = status(folder);
      const std::chrono::duration<double> since = std::chrono::steady_clock::now() - began;
      if (found) page.on_progress(snapshot_of(*found, since.count()));
      is_finished = found && is_over(*found);
      if (is_finished) page.finish();
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kLookEvery, [] { return false; });
  }
}

}  // namespace

void Observers::on_progress(const StatsSnapshot& now) {
  first_.on_progress(now);
  if (second_ != nullptr) second_->on_progress(now);
}

void Observers::on_notice(const std::string& sentence) {
  first_.on_notice(sentence);
  if (second_ != nullptr) second_->on_notice(sentence);
}

Result<std::unique_ptr<Dashboard>> open_page(const Invocation& invocation, const Console& console) {
  if (!invocation.dashboard_port) return nullptr;
  return open_printed(
      {.port = *invocation.dashboard_port, .output_folder = invocation.options.output_folder},
      console);
}

int run_dashboard(const Invocation& invocation, const Console& console) {
  if (invocation.words.size() != 1) {
    return report(console, {.code = ErrorCode::bad_option,
                            .detail = "`pixhaul dashboard` takes one output folder"});
  }
  const std::string& folder = invocation.words.front();
  if (const Result<FolderStatus> found = status(folder); !found) {
    return report(console, found.error());
  }
  std::stop_source stop;
  Signals signals(stop);
  const auto page = open_printed(
      {.port = invocation.dashboard_port.value_or(0), .output_folder = folder}, console);
  if (!page) return report(console, page.error());
  follow(folder, **page, stop.get_token());
  return 0;
}

}  // namespace pixhaul::cli
