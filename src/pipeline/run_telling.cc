// What a run says of itself: a snapshot while it works, a summary with its lists when it has ended.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "ledger/failed_list.h"
#include "net/host_report.h"
#include "pipeline/failed_table.h"
#include "pipeline/run.h"
#include "writers/sizes_json.h"

namespace pixhaul::pipeline {

StatsSnapshot Run::snapshot() {
  StatsSnapshot stats;
  net::FetchCounters all;
  for (const auto& stage : fetch_stages_) {
    const net::FetchCounters one = stage->counters();
    stats.requests += one.requests;
    stats.connections_opened += one.connections_opened;
    stats.connections_reused += one.connections_reused;
    stats.dns_queries += one.dns_queries;
    stats.bytes_wire += one.bytes_wire;
    stats.bytes_saved += one.bytes_saved;
    stats.in_flight += one.in_flight;
    stats.concurrency_limit += one.limit;
    stats.hosts_active += one.hosts;
    all.waiting += one.waiting;
    all.states.resolving += one.states.resolving;
    all.states.connecting += one.states.connecting;
    all.states.handshaking += one.states.handshaking;
    all.states.waiting += one.states.waiting;
    all.states.reading += one.states.reading;
    all.held_by_link = all.held_by_link || one.held_by_link;
    all.held_by_rate = all.held_by_rate || one.held_by_rate;
    all.held_by_memory = all.held_by_memory || one.held_by_memory;
  }
  const ShardBook::Progress progress = book_->progress();
  stats.time = world_.clock().wall_now();
  stats.seconds = std::chrono::duration<double>(shared_->clock.now() - started_).count();
  stats.rows_read = intake_->rows_read();
  stats.rows_resumed = intake_->rows_resumed();
  if (intake_->reached_end()) stats.rows_total = stats.rows_read;
  stats.rows_done = progress.done;
  stats.by_status = progress.by_status;
  stats.bytes_body = progress.image_bytes;
  const MemoryBudget& memory = shared_->memory;
  stats.memory_bytes = memory.used();
  stats.memory_bodies = memory.used(MemoryUser::bodies);
  stats.memory_decode = memory.used(MemoryUser::decode);
  stats.memory_shards = memory.used(MemoryUser::shards);
  stats.memory_tables = memory.used(MemoryUser::tables);
  stats.memory_limit = settings_.memory_bytes;
  stats.shards_open = progress.shards_open;
  stats.shards_written = progress.shards_written;
  stats.status_hosts = progress.status_hosts;
  stats.states = all.states;
  count_workers(stats);
  stats.hosts = merged_reports();
  all.limit = stats.concurrency_limit;
  all.hosts = stats.hosts_active;
  stats.limited_by = bottleneck_.words(all, stats);
  return stats;
}

void Run::count_workers(StatsSnapshot& stats) const {
  std::vector<const stats::Latencies*> latencies;
  for (const auto& worker : workers_) {
    const WriteStage::Worker::Doing doing = worker->doing();
    stats.states.decoding += doing == WriteStage::Worker::Doing::decoding ? 1 : 0;
    stats.states.writing += doing == WriteStage::Worker::Doing::writing ? 1 : 0;
    latencies.push_back(&worker->latencies());
  }
  stats.worker_threads = static_cast<std::uint32_t>(workers_.size());
  stats.latency = stats::merge(latencies);
}

// A host belongs to one loop: the tables need only be put together.
std::vector<HostReport> Run::merged_reports() const {
  std::vector<HostReport> all;
  for (const auto& stage : fetch_stages_) {
    std::vector<HostReport> some = stage->host_reports();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  net::sort_reports(all);
  constexpr std::size_t kMost = 20;
  if (all.size() > kMost) all.resize(kMost);
  return all;
}

Result<Summary> Run::summarise() {
  Summary summary{.stats = snapshot(), .stopped = stopped_};
  Tally whole;
  for (std::uint64_t shard : folder_->known_shards()) {
    auto totals = folder_->totals(shard);
    if (!totals) return std::unexpected(std::move(totals).error());
    whole.count_totals(totals->by_status, totals->image_bytes);
  }
  auto failed = ledger::write_failed_list(*folder_, [&whole](const Row& row) {
    const auto url = net::parse_url(row.url);
    whole.add_failure(row, url ? url->host() : std::string_view());
    return !is_refusal(row.outcome.status);
  });
  if (!failed) return std::unexpected(std::move(failed).error());
  summary.output_folder = options_.output_folder;
  if (auto listed = list_shards(summary); !listed)
    return std::unexpected(std::move(listed).error());
  if (*failed > 0)
    summary.failed_list = fmt::format("{}/{}", options_.output_folder, folder_->failed_list_name());
  if (is_dataset(options_.output_format)) {
    auto table = write_failed_table(*folder_);
    if (!table) return std::unexpected(std::move(table).error());
    if (*table) {
      summary.failed_table =
          fmt::format("{}/.pixhaul/{}", options_.output_folder, folder_->failed_table_name());
    }
  }
  summary.network_down = whole.is_network_down();
  summary.diagnosis = diagnosis_.of_the_whole_run(summary.stats);
  summary.rows = whole.rows();
  summary.images = whole.images();
  summary.image_bytes = whole.image_bytes();
  summary.failed = whole.failed();
  summary.refused = whole.refused();
  summary.failures = whole.failures();
  extrapolate(summary);
  return summary;
}

// What loaders ask for: the shards' names as one pattern, and sizes.json on request.
Result<> Run::list_shards(Summary& summary) {
  if (!is_dataset(options_.output_format)) return {};
  std::vector<writers::ShardSize> sizes;
  for (std::uint64_t shard : folder_->known_shards()) {
    const auto record = folder_->record(shard);
    if (!record) continue;
    const auto successes = record->by_status.find(ErrorCode::success);
    sizes.push_back({.name = fmt::format("{}.{}", folder_->layout().shard_name(shard),
                                         shard_extension(options_.output_format)),
                     .samples = successes == record->by_status.end() ? 0 : successes->second});
  }
  const std::string pattern = writers::brace_pattern(sizes);
  if (!pattern.empty()) summary.shards = fmt::format("{}/{}", options_.output_folder, pattern);
  if (!options_.sizes) return {};
  return write_atomically(folder_->output(), "sizes.json", writers::sizes_json(sizes));
}

// After max_rows: what the whole list would take, by the share of its bytes that was read.
void Run::extrapolate(Summary& summary) const {
  const readers::ReadProgress read = reader_->progress();
  if (stopped_ != Stopped::max_rows || !read.bytes_total || read.bytes_read == 0) return;
  const double factor =
      static_cast<double>(*read.bytes_total) / static_cast<double>(read.bytes_read);
  summary.estimated_rows =
      static_cast<std::uint64_t>(static_cast<double>(summary.stats.rows_read) * factor);
  summary.estimated_seconds = summary.stats.seconds * factor;
  summary.estimated_bytes =
      static_cast<std::uint64_t>(static_cast<double>(summary.image_bytes) * factor);
}

}  // namespace pixhaul::pipeline
