#include "pipeline/shard_book.h"

#include <utility>

#include "net/url.h"

namespace pixhaul::pipeline {

// ---- the reader

Result<ShardBook::Admission> ShardBook::admit(std::uint64_t index, std::string_view url,
                                              std::string_view input, std::uint64_t line) {
  const std::uint64_t shard = layout_.shard_of(index);
  if (!reading_ || reading_->shard != shard) {
    if (auto left = leave_shard(); !left) return std::unexpected(std::move(left).error());
    if (auto entered = enter_shard(shard); !entered)
      return std::unexpected(std::move(entered).error());
  }
  Reading& reading = *reading_;
  const std::uint32_t position = layout_.position_of(index);
  ++reading.rows;
  reading.digest.add(url);
  if (reading.check && position < reading.recorded_rows) reading.check->add(url, input, line);
  if (reading.check && position == reading.recorded_rows) {
    if (auto grown = grow_shard(); !grown) return std::unexpected(std::move(grown).error());
  }
  const MutexLock lock(mutex_);
  const auto entry = open_.find(shard);
  if (reading.is_elsewhere) return Admission::elsewhere;
  if (entry == open_.end())
    return Admission::finished;  // a done shard nobody reopened, or we gave up
  ledger::OpenShard& open = *entry->second.shard;
  if (auto same = open.check_input(position, url, input, line); !same) {
    return std::unexpected(std::move(same).error());
  }
  return open.is_finished(position) ? Admission::finished : Admission::fetch;
}

Result<> ShardBook::enter_shard(std::uint64_t shard) {
  {
    const MutexLock lock(mutex_);
    while (open_.size() + waiting_count_ >= max_open_ && !gave_up_) closed_one_.wait(mutex_);
    if (gave_up_) {
      reading_.emplace(shard);
      return {};
    }
  }
  reading_.emplace(shard);
  const ledger::ShardState state = folder_.state(shard);
  if (state == ledger::ShardState::elsewhere) {
    reading_->is_elsewhere = true;
    return {};
  }
  Result<std::unique_ptr<ledger::OpenShard>> opened;
  if (state == ledger::ShardState::done) {
    ledger::ShardRecord record = folder_.record(shard).value();
    reading_->recorded_rows = record.rows;
    reading_->check.emplace(std::move(record));
    if (!redo_) return {};
    opened = folder_.reopen_shard(shard, {.redo = redo_, .place_of = place_of_});
  } else {
    opened = folder_.open_shard(shard);
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  if (*opened != nullptr) add_entry(std::move(*opened));
  return {};
}

// The list has grown into a shard that was done: its old rows stay, the new ones join them as its
// next generation. Not before the old rows are known to be the same: a spool of another list's rows
// would make the folder refuse its own.
Result<> ShardBook::grow_shard() {
  const std::uint64_t shard = reading_->shard;
  {
    const MutexLock lock(mutex_);
    if (open_.contains(shard) || gave_up_) return {};
  }
  if (auto same = reading_->check->finish(folder_); !same) return same;
  auto grown = folder_.reopen_shard(
      shard, {.redo = [](const Row&) { return false; }, .grown = true, .place_of = place_of_});
  if (!grown) return std::unexpected(std::move(grown).error());
  add_entry(std::move(*grown));
  return {};
}

void ShardBook::add_entry(std::unique_ptr<ledger::OpenShard> shard) {
  const MutexLock lock(mutex_);
  const std::uint64_t number = shard->shard();
  open_.insert_or_assign(number, Entry{.shard = std::move(shard), .started = clock_.wall_now()});
}

Result<> ShardBook::leave_shard() {
  if (!reading_) return {};
  Reading reading = std::move(*reading_);
  reading_.reset();
  if (reading.check) {
    if (auto same = reading.check->finish(folder_); !same) return same;
  }
  const MutexLock lock(mutex_);
  const auto entry = open_.find(reading.shard);
  if (entry == open_.end()) return {};
  entry->second.expected = reading.rows;
  entry->second.input_digest = reading.digest.hex();
  close_if_complete(reading.shard);
  return {};
}

Result<> ShardBook::end_shard(std::string_view columns) {
  if (!reading_) return {};
  bool is_open = false;
  {
    const MutexLock lock(mutex_);
    is_open = open_.contains(reading_->shard);
  }
  if (is_open && !columns.empty()) {
    if (auto written = folder_.write_columns(reading_->shard, columns); !written) return written;
  }
  return leave_shard();
}

Result<> ShardBook::end_of_list(std::uint64_t end, std::uint64_t row_count) {
  if (auto left = leave_shard(); !left) return left;
  return folder_.check_end(end, row_count);
}

void ShardBook::give_up() {
  const MutexLock lock(mutex_);
  gave_up_ = true;
  closed_one_.notify_all();
}

// ---- the writers

// The shard stays open until the row is added, so its bytes may be written without the lock.
Result<ledger::DataPlace> ShardBook::keep(std::uint64_t index, std::span<const std::byte> sample) {
  ledger::OpenShard* shard = nullptr;
  {
    const MutexLock lock(mutex_);
    const auto entry = open_.find(layout_.shard_of(index));
    PIXHAUL_CHECK(entry != open_.end());
    shard = entry->second.shard.get();
  }
  return shard->append_data(sample);
}

Result<> ShardBook::finish(const std::vector<FinishedRow>& rows) {
  // Told first: a shard's failures then stand before the shard.
  for (const FinishedRow& finished : rows) {
    if (events_ != nullptr && finished.row.outcome.status != ErrorCode::success)
      events_->row_failed(finished.row);
  }
  const MutexLock lock(mutex_);
  for (const FinishedRow& finished : rows) {
    const Row& row = finished.row;
    const std::uint64_t shard = layout_.shard_of(row.index);
    const auto entry = open_.find(shard);
    PIXHAUL_CHECK(entry != open_.end());
    if (auto added = entry->second.shard->add(row, finished.place); !added) return added;
    if (row.outcome.status == ErrorCode::success) {
      tally_.count(row, {});
    } else {
      auto url = net::parse_url(row.url);
      tally_.count(row, url ? url->host() : std::string_view());
    }
    close_if_complete(shard);
  }
  return {};
}

void ShardBook::close_if_complete(std::uint64_t shard) {
  const auto entry = open_.find(shard);
  if (!entry->second.expected || entry->second.shard->finished_count() < *entry->second.expected)
    return;
  Closed closed{std::move(entry->second.shard), std::move(entry->second.input_digest),
                entry->second.started};
  open_.erase(entry);
  ++waiting_count_;
  closed_shards_.push(std::move(closed));
}

// ---- the committer

Result<> ShardBook::commit_until_closed() {
  while (auto closed = closed_shards_.pop()) {
    if (auto committed = commit(*closed); !committed) return committed;
  }
  return {};
}

Result<bool> ShardBook::commit_one() {
  auto closed = closed_shards_.try_pop();
  if (!closed) return false;
  if (auto committed = commit(*closed); !committed)
    return std::unexpected(std::move(committed).error());
  return true;
}

void ShardBook::leave_waiting() {
  const MutexLock lock(mutex_);
  --waiting_count_;
  closed_one_.notify_all();
}

// A shard that img2dataset made is rewritten only for more images than it had: then the rest of its
// rows get our files, too.
bool ShardBook::wins_nothing(const ledger::Assembly& shard) const {
  const auto standing = folder_.record(shard.shard());
  if (!standing || standing->generation > 0) return false;
  const auto successes = [](const ledger::ShardRecord& record) {
    const auto found = record.by_status.find(ErrorCode::success);
    return found == record.by_status.end() ? 0 : found->second;
  };
  return shard.facts().rows == standing->rows && successes(shard.facts()) <= successes(*standing);
}

Result<> ShardBook::commit(Closed& closed) {
  leave_waiting();
  auto assembly = folder_.begin_commit(std::move(closed.shard));
  if (!assembly) return std::unexpected(std::move(assembly).error());
  ledger::Assembly& shard = **assembly;
  if (wins_nothing(shard)) return folder_.drop_commit(std::move(*assembly));
  // What a killed run left beside the images. A shard's first generation is swept before it is
  // made durable, or a power cut would bring it back; a later one afterwards, since until then the
  // images of the one before are still the visible shard's.
  const bool stands = folder_.record(shard.shard()).has_value();
  const bool sweeps_first = shard.was_resumed() && !stands;
  if (sweeps_first) {
    if (auto swept = sweeper_.sweep(shard.name(), shard.paths()); !swept) return swept;
  }
  auto published = publish_(shard, std::move(closed.input_digest), closed.started);
  if (!published) return published;
  const bool sweeps_now = shard.was_resumed() && !sweeps_first;
  const std::string name = shard.name();
  const std::uint64_t number = shard.shard();
  const auto kept = sweeps_now ? shard.paths() : std::unordered_set<std::string>();
  folder_.end_commit(std::move(*assembly));
  shards_written_.fetch_add(1, std::memory_order_relaxed);
  if (events_ != nullptr) events_->shard_written(name, folder_.record(number).value());
  if (!sweeps_now) return {};
  return sweeper_.sweep(name, kept);
}

Result<> ShardBook::flush() {
  const MutexLock lock(mutex_);
  for (auto& [shard, entry] : open_) {
    if (auto flushed = entry.shard->flush(); !flushed) return flushed;
  }
  return {};
}

Tally ShardBook::tally() const {
  const MutexLock lock(mutex_);
  return tally_;
}

ShardBook::Progress ShardBook::progress() const {
  const MutexLock lock(mutex_);
  return {.done = tally_.rows(),
          .images = tally_.images(),
          .image_bytes = tally_.image_bytes(),
          .failed = tally_.failed(),
          .by_status = tally_.by_status(),
          .shards_open = open_.size(),
          .shards_written = shards_written_.load(std::memory_order_relaxed),
          .status_hosts = tally_.status_hosts()};
}

}  // namespace pixhaul::pipeline
