// The folder's state is sets of small files, one each a shard: spool (rows finished, shard not),
// commit (between the steps) and shards (done). Opening finishes or undoes what is between, then
// reads the stats files and records; spools are read when their shard's turn comes, so that a
// restart is ready at once whatever an earlier run left.
#include "ledger/run_folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "ledger/clear.h"
#include "ledger/compare.h"
#include "ledger/done_shards.h"
#include "ledger/parts.h"
#include "ledger/row_json.h"
#include "ledger/spool.h"

namespace pixhaul::ledger {

namespace {

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    visit(line);
  }
}

bool all_succeeded(const ShardRecord& record) {
  const auto successes = record.by_status.find(ErrorCode::success);
  return record.rows == 0 ||
         (successes != record.by_status.end() && successes->second == record.rows);
}

// The shard of "00017", "00017.data" and "00017.arrow".
std::optional<std::uint64_t> shard_of_state_file(std::string_view name) {
  return parse_shard_name(name.substr(0, name.find('.')));
}

// nullptr when it is missing.
Result<std::unique_ptr<RandomAccessFile>> open_if_present(Folder& folder, std::string_view name) {
  Result<std::unique_ptr<RandomAccessFile>> file = folder.open(name);
  if (!file && file.error().os_error == ENOENT) return std::unique_ptr<RandomAccessFile>();
  return file;
}

}  // namespace

RunFolder::RunFolder(RunSettings settings)
    : settings_(std::move(settings)),
      layout_(settings_.samples_per_shard, settings_.shard_digits) {}

// ---- opening

Result<std::unique_ptr<RunFolder>> RunFolder::open(FileSystem& files, std::string_view path,
                                                   RunSettings settings) {
  PIXHAUL_CHECK(settings.worker_index < settings.worker_count);
  settings.manifest.options.emplace_back("worker_count", std::to_string(settings.worker_count));
  std::unique_ptr<RunFolder> run(new RunFolder(std::move(settings)));
  Result<> opened = run->open_state(files, path);
  if (opened) {
    opened = recover_commits(
        run->folders(), [&](std::uint64_t shard) { return run->is_mine(shard); },
        run->settings_.crash_point);
  }
  if (opened) opened = run->load_shards();
  if (opened) opened = run->load_spools();
  if (opened) opened = run->choose_part();
  if (!opened) return std::unexpected(std::move(opened).error());
  return run;
}

Result<> RunFolder::open_state(FileSystem& files, std::string_view path) {
  Result<std::unique_ptr<Folder>> folder = files.open_folder(path, Folder::IfMissing::make);
  if (!folder) return std::unexpected(std::move(folder).error());
  output_ = std::move(*folder);
  folder = output_->folder(".pixhaul", Folder::IfMissing::make);
  if (!folder) return std::unexpected(std::move(folder).error());
  state_ = std::move(*folder);
  const std::string worker = std::to_string(settings_.worker_index);
  const bool is_alone = settings_.worker_count == 1;
  Result<std::unique_ptr<FileLock>> lock =
      state_->lock(is_alone ? std::string("lock") : "lock." + worker);
  if (!lock) return std::unexpected(std::move(lock).error());
  lock_ = std::move(*lock);
  const ClearScope scope{.output = output_.get(),
                         .state = state_.get(),
                         .is_alone = is_alone,
                         .marker = "clearing." + worker,
                         .is_mine = [this](std::uint64_t shard) { return is_mine(shard); }};
  const bool begin = settings_.existing == ExistingShards::remove;
  if (Result<> cleared = clear_folder(scope, begin); !cleared) return cleared;
  if (Result<> same = begin_or_continue(*state_, settings_.manifest, "." + worker); !same) {
    return same;
  }
  return open_folders();
}

Result<> RunFolder::open_folders() {
  struct Named {
    std::string_view name;
    std::unique_ptr<Folder>* folder;
  };
  for (const Named& part :
       {Named{"parts", &parts_}, Named{"commit", &work_}, Named{"rows", &rows_},
        Named{"shards", &shards_}, Named{"spool", &spool_}, Named{"columns", &columns_}}) {
    Result<std::unique_ptr<Folder>> folder = state_->folder(part.name, Folder::IfMissing::make);
    if (!folder) return std::unexpected(std::move(folder).error());
    *part.folder = std::move(*folder);
  }
  if (Result<> synced = state_->sync(); !synced) return synced;
  return output_->sync();
}

Result<> RunFolder::load_shards() {
  Result<std::vector<std::uint64_t>> shards = shards_with_stats(*output_, layout_.shard_digits());
  if (!shards) return std::unexpected(std::move(shards).error());
  const MutexLock lock(mutex_);
  for (const std::uint64_t shard : *shards) {
    free_shard_ = std::max(free_shard_, shard + 1);
    if (!is_mine(shard)) continue;
    Result<DoneShard> done = load_done_shard(folders(), layout_, shard);
    if (!done) return std::unexpected(std::move(done).error());
    if (done->problem.empty()) records_.emplace(shard, std::move(done->record));
  }
  return {};
}

Result<> RunFolder::load_spools() {
  Result<std::vector<FolderEntry>> spools = spool_->list();
  if (!spools) return std::unexpected(std::move(spools).error());
  for (const FolderEntry& entry : *spools) {
    const std::optional<std::uint64_t> shard = shard_of_state_file(entry.name);
    if (shard) free_shard_ = std::max(free_shard_, *shard + 1);
    if (shard && !is_mine(*shard)) continue;
    if (shard && shard_name(*shard) != entry.name) continue;
    if (Result<> loaded = load_spool_entry(entry.name); !loaded) return loaded;
  }
  for (Folder* folder : {spool_.get(), columns_.get()}) {
    if (Result<> removed = remove_orphans(*folder); !removed) return removed;
  }
  return {};
}

// A spool of a generation that is done was left by a kill behind the record, and has nothing to say
// any more.
Result<> RunFolder::load_spool_entry(const std::string& name) {
  const std::optional<std::uint64_t> shard = parse_shard_name(name);
  if (!shard) return spool_->remove(name);
  if (const std::optional<ShardRecord> done = record(*shard)) {
    Result<std::optional<std::string>> text = spool_->read(name);
    if (!text) return std::unexpected(std::move(text).error());
    if (!*text || read_spool(**text).generation <= done->generation) return spool_->remove(name);
  }
  const MutexLock lock(mutex_);
  open_.insert(*shard);
  return {};
}

// Samples' bytes and columns without a spool belong to nothing.
Result<> RunFolder::remove_orphans(Folder& folder) {
  Result<std::vector<FolderEntry>> entries = folder.list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    const std::optional<std::uint64_t> shard = shard_of_state_file(entry.name);
    if (shard && (!is_mine(*shard) || state(*shard) == ShardState::open)) continue;
    if (Result<> removed = folder.remove(entry.name); !removed) return removed;
  }
  return {};
}

// `extend` goes on with the list it has begun, unless that is done: then a new part begins behind
// all shards there are. Otherwise the list is the folder's first.
Result<> RunFolder::choose_part() {
  Result<std::vector<Part>> parts = load_parts(*parts_);
  if (!parts) return std::unexpected(std::move(parts).error());
  const bool adds = settings_.existing == ExistingShards::add_after;
  if (adds) {
    const bool goes_on = !parts->empty() && parts->back().is_added && !parts->back().is_complete();
    first_shard_ = goes_on ? parts->back().first_shard : free_shard_;
  }
  for (const Part& part : *parts) {
    if (part.first_shard > first_shard_) end_shard_ = std::min(end_shard_, part.first_shard);
  }
  const Part part{
      .first_shard = first_shard_, .is_added = adds, .worker_count = settings_.worker_count};
  if (Result<> begun = begin_part(*parts_, part, settings_.worker_index); !begun) return begun;
  return note_part_done(*parts_, first_shard_, settings_.worker_index, false);
}

// ---- what is known

bool RunFolder::is_mine(std::uint64_t shard) const {
  return shard % settings_.worker_count == settings_.worker_index;
}

ShardState RunFolder::state(std::uint64_t shard) const {
  if (!is_mine(shard)) return ShardState::elsewhere;
  const MutexLock lock(mutex_);
  if (open_.contains(shard)) return ShardState::open;
  return records_.contains(shard) ? ShardState::done : ShardState::fresh;
}

std::optional<ShardRecord> RunFolder::record(std::uint64_t shard) const {
  const MutexLock lock(mutex_);
  const auto found = records_.find(shard);
  return found == records_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::uint64_t> RunFolder::known_shards() const {
  const MutexLock lock(mutex_);
  std::vector<std::uint64_t> shards(open_.begin(), open_.end());
  for (const auto& [shard, record] : records_) {
    if (!open_.contains(shard)) shards.push_back(shard);
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

std::string RunFolder::failed_list_name() const {
  if (settings_.worker_count == 1) return "failed.txt";
  return fmt::format("failed.{}.txt", settings_.worker_index);
}

std::string RunFolder::failed_table_name() const {
  if (settings_.worker_count == 1) return "failed.parquet";
  return fmt::format("failed.{}.parquet", settings_.worker_index);
}

// ---- open shards

Result<std::unique_ptr<OpenShard>> RunFolder::open_shard(std::uint64_t shard) {
  Result<std::optional<std::string>> text = spool_->read(shard_name(shard));
  if (!text) return std::unexpected(std::move(text).error());
  const bool was_begun = text->has_value();
  Result<std::string> spooled = without_lost_rows(shard, std::move(*text).value_or(std::string()));
  if (!spooled) return std::unexpected(std::move(spooled).error());
  std::uint32_t generation = read_spool(*spooled).generation;
  const std::optional<ShardRecord> done = record(shard);
  if (generation == 0) generation = done ? done->generation + 1 : 1;
  OpenShard::Settings settings = shard_settings(shard, generation);
  settings.was_begun = was_begun;
  auto opened = OpenShard::create(settings, *spooled);
  if (!opened) return opened;
  enter_open(shard);
  if (!done) return opened;
  if (Result<> read = expect_standing_rows(**opened); !read) {
    return std::unexpected(std::move(read).error());
  }
  return opened;
}

void RunFolder::enter_open(std::uint64_t shard) {
  const MutexLock lock(mutex_);
  open_.insert(shard);
}

// Rows of the generation that stands which are to be done again: they must be the list's still.
Result<> RunFolder::expect_standing_rows(OpenShard& shard) {
  return visit_standing(shard.shard(), [&](const StandingRow& row) {
    if (row.row && !shard.is_finished(row.position)) {
      shard.expect(row.position, std::move(row.row->url));
    }
  });
}

Result<std::unique_ptr<OpenShard>> RunFolder::reopen_shard(std::uint64_t shard,
                                                           const Reopening& reopening) {
  const std::optional<ShardRecord> done = record(shard);
  PIXHAUL_CHECK(done.has_value());
  if (Result<> removed = spool_->remove(data_name(shard)); !removed) {
    return std::unexpected(std::move(removed).error());
  }
  SpoolData data(*spool_, data_name(shard), 0);
  std::string spooled;
  append_spool_header(spooled, done->generation + 1, settings_.boot_id);
  bool chosen = reopening.grown;
  std::vector<std::pair<std::uint32_t, std::string>> again;
  Result<> kept;
  Result<> visited = visit_standing(shard, [&](const StandingRow& row) {
    if (!kept) return;
    if (!row.row || reopening.redo(*row.row)) {
      chosen = true;
      if (row.row) again.emplace_back(row.position, std::move(row.row->url));
      return;
    }
    kept = keep_row(row, reopening, data, spooled);
  });
  if (!visited) kept = std::move(visited);
  if (!kept) return std::unexpected(std::move(kept).error());
  if (!chosen) {
    if (Result<> removed = spool_->remove(data_name(shard)); !removed) {
      return std::unexpected(std::move(removed).error());
    }
    return std::unique_ptr<OpenShard>();
  }
  if (Result<> replaced = replace_spool(shard, spooled); !replaced) {
    return std::unexpected(std::move(replaced).error());
  }
  auto opened = OpenShard::create(shard_settings(shard, done->generation + 1), spooled);
  if (!opened) return opened;
  enter_open(shard);
  for (auto& [at, url] : again) (*opened)->expect(at, std::move(url));
  return opened;
}

Result<> RunFolder::keep_row(const StandingRow& row, const Reopening& reopening, SpoolData& data,
                             std::string& spooled) {
  const bool has_image = row.row->outcome.status == ErrorCode::success;
  std::optional<DataPlace> place;
  if (has_image && reopening.place_of) {
    Result<std::optional<DataPlace>> found = reopening.place_of(*row.row, data);
    if (!found) return std::unexpected(std::move(found).error());
    place = *found;
  }
  append_spool_row(spooled, {.position = row.position,
                             .status = row.row->outcome.status,
                             .url_crc = url_mark(row.row->url),
                             .bytes = has_image ? row.row->outcome.bytes : 0,
                             .data = place,
                             .json = row.line});
  return {};
}

OpenShard::Settings RunFolder::shard_settings(std::uint64_t shard, std::uint32_t generation) {
  return {.shard = shard,
          .generation = generation,
          .layout = layout_,
          .digest_name = settings_.digest_name,
          .boot_id = settings_.boot_id,
          .spool = spool_.get()};
}

// After a kill the page cache still has everything, so a file that is long enough is there. After a
// restart of the machine a file may have its size and not its bytes.
Result<std::string> RunFolder::without_lost_rows(std::uint64_t shard, std::string text) {
  const SpoolContents contents = read_spool(text);
  if (contents.generation == 0) return text;
  const bool has_restarted = contents.boot_id != settings_.boot_id;
  Result<std::unique_ptr<RandomAccessFile>> data = open_if_present(*spool_, data_name(shard));
  if (!data) return std::unexpected(std::move(data).error());
  Result<std::unique_ptr<Folder>> images =
      output_->folder(layout_.shard_name(shard), Folder::IfMissing::fail);
  std::string kept;
  append_spool_header(kept, contents.generation, settings_.boot_id);
  std::size_t lost = 0;
  for (const SpoolRow& row : contents.rows) {
    Result<bool> there = true;
    if (row.data && row.data->file == DataPlace::File::standing) {
      there = record(shard).has_value();
    } else if (row.data) {
      there = *data != nullptr ? is_present(**data, *row.data, has_restarted) : false;
    } else if (const std::string_view path = path_of(row.json); has_restarted && !path.empty()) {
      there = images ? has_size(**images, path.substr(path.find('/') + 1), row.bytes) : false;
    }
    if (!there) return std::unexpected(std::move(there).error());
    if (*there) append_spool_row(kept, row);
    lost += *there ? 0 : 1;
  }
  if (!has_restarted && lost == 0) return text;
  if (Result<> replaced = replace_spool(shard, kept); !replaced) {
    return std::unexpected(std::move(replaced).error());
  }
  return kept;
}

Result<bool> RunFolder::has_size(Folder& folder, std::string_view name, std::uint64_t bytes) {
  Result<std::optional<std::uint64_t>> size = folder.size(name);
  if (!size) return std::unexpected(std::move(size).error());
  return *size == bytes;
}

Result<> RunFolder::replace_spool(std::uint64_t shard, const std::string& text) {
  return write_atomically(*spool_, shard_name(shard), text);
}

Result<> RunFolder::write_columns(std::uint64_t shard, std::string_view bytes) {
  const std::string name = shard_name(shard) + ".arrow";
  const std::string temporary = "." + name + ".part";
  if (Result<> removed = columns_->remove(temporary); !removed) return removed;
  Result<std::unique_ptr<WritableFile>> file = columns_->create(temporary);
  if (!file) return std::unexpected(std::move(file).error());
  if (Result<> wrote = (*file)->write(std::as_bytes(std::span(bytes))); !wrote) return wrote;
  if (Result<> closed = (*file)->close(); !closed) return closed;
  return columns_->rename(temporary, *columns_, name);
}

// ---- commits

Result<std::unique_ptr<Assembly>> RunFolder::begin_commit(std::unique_ptr<OpenShard> shard) {
  Result<std::string> text = shard->read_back();
  if (!text) return std::unexpected(std::move(text).error());
  const std::optional<ShardRecord> standing = record(shard->shard());
  std::unique_ptr<Assembly> assembly(new Assembly(
      {.folders = folders(),
       .crash_point = &settings_.crash_point,
       .name = layout_.shard_name(shard->shard()),
       .standing_files = standing ? standing->files : std::vector<CommitFile>()},
      {.shard = shard->shard(), .generation = shard->generation(), .attempt = settings_.attempt},
      shard->was_resumed()));
  assembly->text_ = std::move(*text);
  if (Result<> loaded = assembly->load(shard->finished_count()); !loaded) {
    return std::unexpected(std::move(loaded).error());
  }
  return assembly;
}

void RunFolder::end_commit(std::unique_ptr<Assembly> assembly) {
  PIXHAUL_CHECK(assembly->is_published());
  const MutexLock lock(mutex_);
  open_.erase(assembly->shard());
  records_.insert_or_assign(assembly->shard(), std::move(assembly->record_));
}

Result<> RunFolder::drop_commit(std::unique_ptr<Assembly> assembly) {
  const std::uint64_t shard = assembly->shard();
  PIXHAUL_CHECK(!assembly->is_published() && record(shard).has_value());
  assembly.reset();
  // In the order in which a recovery would: without its spool the rest belongs to nothing.
  if (Result<> removed = spool_->remove(shard_name(shard)); !removed) return removed;
  if (Result<> removed = spool_->remove(data_name(shard)); !removed) return removed;
  if (Result<> removed = columns_->remove(shard_name(shard) + ".arrow"); !removed) return removed;
  const MutexLock lock(mutex_);
  open_.erase(shard);
  return {};
}

CommitFolders RunFolder::folders() {
  return {.output = output_.get(),
          .rows = rows_.get(),
          .work = work_.get(),
          .shards = shards_.get(),
          .spool = spool_.get(),
          .columns = columns_.get(),
          .attempt = settings_.attempt};
}

// ---- rows

Result<> RunFolder::visit_standing(std::uint64_t shard,
                                   const std::function<void(const StandingRow&)>& visit) {
  const std::optional<ShardRecord> done = record(shard);
  if (!done) return {};
  const std::string name = layout_.shard_name(shard) + ".jsonl";
  const bool has_jsonl = std::any_of(
      done->files.begin(), done->files.end(),
      [&](const CommitFile& file) { return file.place == Place::output && file.name == name; });
  std::uint32_t position = 0;
  if (!has_jsonl) {
    if (!settings_.read_done_rows) return {};
    return settings_.read_done_rows(*this, *done, [&](const Row& row) {
      Row copy = row;
      std::string line;
      append_row_json(line, row, settings_.digest_name);
      visit({.position = position++, .line = line, .row = row.key.empty() ? nullptr : &copy});
    });
  }
  Result<std::optional<std::string>> text = output_->read(name);
  if (!text) return std::unexpected(std::move(text).error());
  for_each_line(*text ? std::string_view(**text) : std::string_view(), [&](std::string_view line) {
    Result<Row> row = parse_row_json(line);
    visit({.position = position++, .line = line, .row = row ? &*row : nullptr});
  });
  return {};
}

Result<> RunFolder::for_each_standing_row(std::uint64_t shard,
                                          const std::function<void(const Row&)>& visit) {
  return visit_standing(shard, [&](const StandingRow& row) {
    if (!row.row) return;
    row.row->index = layout_.first_index(shard) + row.position;
    visit(*row.row);
  });
}

Result<RunFolder::Totals> RunFolder::totals(std::uint64_t shard) {
  if (state(shard) == ShardState::done) {
    const ShardRecord done = record(shard).value();
    return Totals{.by_status = done.by_status, .image_bytes = done.image_bytes};
  }
  Totals totals;
  Result<std::optional<std::string>> text = spool_->read(shard_name(shard));
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return totals;
  for (const SpoolRow& row : final_rows(read_spool(**text).rows)) {
    ++totals.by_status[row.status];
    if (row.status == ErrorCode::success) totals.image_bytes += row.bytes;
  }
  return totals;
}

Result<> RunFolder::for_each_row(std::uint64_t shard, Which which,
                                 const std::function<void(const Row&)>& visit) {
  const bool all = which == Which::all;
  if (state(shard) == ShardState::done) {
    if (!all && all_succeeded(record(shard).value())) return {};
    return for_each_standing_row(shard, [&](const Row& row) {
      if (all || row.outcome.status != ErrorCode::success) visit(row);
    });
  }
  Result<std::optional<std::string>> text = spool_->read(shard_name(shard));
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return {};
  for (const SpoolRow& spooled : final_rows(read_spool(**text).rows)) {
    if (!all && spooled.status == ErrorCode::success) continue;
    Result<Row> row = parse_row_json(spooled.json);
    if (!row) continue;
    row->index = layout_.first_index(shard) + spooled.position;
    visit(*row);
  }
  return {};
}

// ---- the list's end

Result<> RunFolder::check_end(std::uint64_t end, std::uint64_t row_count) {
  for (const std::uint64_t shard : known_shards()) {
    if (shard < first_shard_ || shard >= end_shard_) continue;
    if (layout_.first_index(shard) + layout_.samples_per_shard() <= end) continue;
    std::optional<Row> missing;
    Result<> read = for_each_row(shard, Which::all, [&](const Row& row) {
      if (!missing && row.index >= end) missing = row;
    });
    if (!read) return read;
    if (missing) return std::unexpected(missing_row(missing->input, missing->line, missing->url));
  }
  // One worker is enough to say it: they all read the same list.
  if (settings_.worker_index != 0) return {};
  return note_part_end(*parts_, first_shard_, {.index = end, .rows = row_count});
}

Result<> RunFolder::note_complete() {
  return note_part_done(*parts_, first_shard_, settings_.worker_index, true);
}

}  // namespace pixhaul::ledger
