#include "pixhaul/status.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "ledger/audit.h"
#include "pipeline/open_input.h"

namespace pixhaul {

namespace {

// kill(2) with signal 0: whether the process is there, ours or not. One of another machine that
// shares the folder is not seen.
bool is_alive(int process) { return ::kill(process, 0) == 0 || errno == EPERM; }

void count(FolderStatus& status, const std::map<ErrorCode, std::uint64_t>& by_status) {
  for (const auto& [code, rows] : by_status) {
    status.by_status[static_cast<std::size_t>(code)] += rows;
    status.rows += rows;
    if (code == ErrorCode::success) status.images += rows;
  }
}

void count_shards(FolderStatus& status, const ledger::FolderState& state) {
  for (const ledger::DoneShard& shard : state.shards) {
    if (!shard.problem.empty()) continue;
    ++status.shards_done;
    status.image_bytes += shard.record.image_bytes;
    const std::uint64_t before = status.rows;
    count(status, shard.record.by_status);
    const std::uint64_t known = status.rows - before;
    if (shard.record.rows > known) status.rows_failed_elsewhere += shard.record.rows - known;
  }
  status.rows += status.rows_failed_elsewhere;
  for (const ledger::FolderState::Open& open : state.open) {
    ++status.shards_open;
    status.image_bytes += open.image_bytes;
    count(status, open.by_status);
  }
}

void set_total(FolderStatus& status, const ledger::FolderState& state) {
  std::uint64_t total = 0;
  for (const ledger::Part& part : state.parts) {
    if (!part.end) return;
    total += part.end->rows;
  }
  if (!state.parts.empty()) status.rows_total = total;
}

// As img2dataset's logger: rows of done shards over the time from the first start to the last end.
void set_rate(FolderStatus& status, const ledger::FolderState& state) {
  double first = 0;
  double last = 0;
  std::uint64_t rows = 0;
  for (const ledger::DoneShard& shard : state.shards) {
    if (shard.stats.start_time <= 0 || !shard.problem.empty()) continue;
    first = first > 0 ? std::min(first, shard.stats.start_time) : shard.stats.start_time;
    last = std::max(last, shard.stats.end_time);
    rows += shard.stats.count;
  }
  if (rows == 0 || last <= first) return;
  status.rows_per_second = static_cast<double>(rows) / (last - first);
  if (!status.rows_total || *status.rows_total <= status.rows) return;
  status.seconds_left =
      static_cast<double>(*status.rows_total - status.rows) / *status.rows_per_second;
}

}  // namespace

Result<FolderStatus> status(const std::string& output_folder) {
  PosixFileSystem local;
  pipeline::AllFiles files(local);
  const Result<ledger::FolderState> state = ledger::read_state(files, output_folder);
  if (!state) return std::unexpected(state.error());
  FolderStatus status;
  count_shards(status, *state);
  set_total(status, *state);
  set_rate(status, *state);
  status.is_complete = state->is_complete();
  for (const int process : state->processes) {
    if (!is_alive(process)) continue;
    if (!status.running.empty()) status.running += ", ";
    status.running += "process " + std::to_string(process);
  }
  return status;
}

}  // namespace pixhaul
