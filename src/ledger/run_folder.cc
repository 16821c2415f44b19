// The folder's state is three sets of small files, one each a shard: spool (rows finished, shard
// not), commit (between the steps) and shards (done). Opening finishes or undoes what is between,
// then reads the records; spools are read when their shard's turn comes, so that a restart is ready
// at once whatever an earlier run left.
#include "ledger/run_folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ledger/compare.h"
#include "ledger/row_json.h"
#include "ledger/spool.h"

namespace pixhaul::ledger {

namespace {

// The rows a commit writes: the last of each position, in order of position, which is the order of
// keys.
std::vector<SpoolRow> final_rows(const SpoolContents& contents) {
  std::vector<SpoolRow> rows = contents.rows;
  std::stable_sort(rows.begin(), rows.end(),
                   [](const SpoolRow& a, const SpoolRow& b) { return a.position < b.position; });
  std::vector<SpoolRow> last;
  for (const SpoolRow& row : rows) {
    if (!last.empty() && last.back().position == row.position) last.pop_back();
    last.push_back(row);
  }
  return last;
}

// The value of "path" without parsing the row: it is our own text, and paths hold nothing that
// needs an escape.
std::string_view path_of(std::string_view json) {
  constexpr std::string_view kMark = ",\"path\":\"";
  const std::size_t at = json.find(kMark);
  if (at == json.npos || at > 64) return {};
  const std::string_view rest = json.substr(at + kMark.size());
  return rest.substr(0, rest.find('"'));
}

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

// Quotes inside JSON strings are escaped, so no text of a stranger's can look like this field.
bool says_success(std::string_view line) { return line.find(R"("status":"success")") != line.npos; }

}  // namespace

RunFolder::RunFolder(RunSettings settings)
    : settings_(std::move(settings)), layout_(settings_.samples_per_shard) {}

Result<std::unique_ptr<RunFolder>> RunFolder::open(FileSystem& files, std::string_view path,
                                                   RunSettings settings) {
  std::unique_ptr<RunFolder> run(new RunFolder(std::move(settings)));
  Result<> opened = run->open_state(files, path);
  if (opened) opened = recover_commits(run->folders(), run->settings_.crash_point);
  if (opened) opened = run->load_records();
  if (opened) opened = run->load_spools();
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
  Result<std::unique_ptr<FileLock>> lock = state_->lock("lock");
  if (!lock) return std::unexpected(std::move(lock).error());
  lock_ = std::move(*lock);
  if (Result<> same = begin_or_continue(*state_, settings_.manifest); !same) return same;
  struct Part {
    std::string_view name;
    std::unique_ptr<Folder>* folder;
  };
  for (const Part& part :
       {Part{"commit", &work_}, Part{"shards", &shards_}, Part{"spool", &spool_}}) {
    folder = state_->folder(part.name, Folder::IfMissing::make);
    if (!folder) return std::unexpected(std::move(folder).error());
    *part.folder = std::move(*folder);
  }
  if (Result<> synced = state_->sync(); !synced) return synced;
  return output_->sync();
}

// A record that does not parse, or whose file is gone or of another size, is not "done": its shard
// is fresh again.
Result<> RunFolder::load_records() {
  Result<std::vector<FolderEntry>> entries = shards_->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (!entry.name.ends_with(".json")) continue;
    Result<std::optional<std::string>> text = shards_->read(entry.name);
    if (!text) return std::unexpected(std::move(text).error());
    if (!*text) continue;
    Result<ShardRecord> record = parse_record(**text);
    if (!record || shard_name(record->shard) + ".json" != entry.name) continue;
    Result<bool> whole = is_whole(*output_, *record);
    if (!whole) return std::unexpected(std::move(whole).error());
    if (*whole) records_.emplace(record->shard, std::move(*record));
  }
  return {};
}

Result<> RunFolder::load_spools() {
  Result<std::vector<FolderEntry>> entries = spool_->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (Result<> loaded = load_spool_entry(entry.name); !loaded) return loaded;
  }
  return {};
}

// A spool of a generation that is done was left by a kill behind the record, and has nothing to say
// any more.
Result<> RunFolder::load_spool_entry(const std::string& name) {
  const std::optional<std::uint64_t> shard = parse_shard_name(name);
  if (!shard) return spool_->remove(name);
  const ShardRecord* done = record(*shard);
  if (done != nullptr) {
    Result<std::optional<std::string>> text = spool_->read(name);
    if (!text) return std::unexpected(std::move(text).error());
    if (!*text || read_spool(**text).generation <= done->generation) return spool_->remove(name);
  }
  open_.insert(*shard);
  return {};
}

ShardState RunFolder::state(std::uint64_t shard) const {
  if (open_.contains(shard)) return ShardState::open;
  return records_.contains(shard) ? ShardState::done : ShardState::fresh;
}

const ShardRecord* RunFolder::record(std::uint64_t shard) const {
  const auto found = records_.find(shard);
  return found == records_.end() ? nullptr : &found->second;
}

std::vector<std::uint64_t> RunFolder::known_shards() const {
  std::vector<std::uint64_t> shards(open_.begin(), open_.end());
  for (const auto& [shard, record] : records_) {
    if (!open_.contains(shard)) shards.push_back(shard);
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

Result<std::unique_ptr<OpenShard>> RunFolder::open_shard(std::uint64_t shard) {
  Result<std::optional<std::string>> text = spool_->read(shard_name(shard));
  if (!text) return std::unexpected(std::move(text).error());
  std::string spooled = std::move(*text).value_or(std::string());
  const SpoolContents contents = read_spool(spooled);
  std::uint32_t generation = contents.generation;
  if (generation == 0) generation = record(shard) != nullptr ? record(shard)->generation + 1 : 1;
  if (contents.generation != 0 && contents.boot_id != settings_.boot_id) {
    Result<std::string> kept = without_lost_images(shard, spooled);
    if (!kept) return std::unexpected(std::move(kept).error());
    spooled = std::move(*kept);
  }
  open_.insert(shard);
  auto opened = OpenShard::create(shard_settings(shard, generation), spooled);
  if (!opened || record(shard) == nullptr) return opened;
  if (Result<> read = expect_done_rows(**opened); !read) {
    return std::unexpected(std::move(read).error());
  }
  return opened;
}

// Rows of the generation that stands which are to be done again: they must be the list's still.
Result<> RunFolder::expect_done_rows(OpenShard& shard) {
  Result<std::optional<std::string>> text = output_->read(shard_name(shard.shard()) + ".jsonl");
  if (!text) return std::unexpected(std::move(text).error());
  std::uint32_t position = 0;
  for_each_line(*text ? std::string_view(**text) : std::string_view(), [&](std::string_view line) {
    const std::uint32_t at = position++;
    if (shard.is_finished(at)) return;
    if (Result<Row> row = parse_row_json(line)) shard.expect(at, std::move(row->url));
  });
  return {};
}

Result<std::unique_ptr<OpenShard>> RunFolder::reopen_shard(
    std::uint64_t shard, const std::function<bool(const Row&)>& redo, bool grown) {
  const ShardRecord* done = record(shard);
  Result<std::optional<std::string>> text = output_->read(shard_name(shard) + ".jsonl");
  if (!text) return std::unexpected(std::move(text).error());
  const std::uint32_t generation = done == nullptr ? 1 : done->generation + 1;
  std::string spooled;
  append_spool_header(spooled, generation, settings_.boot_id);
  bool chosen = grown;
  std::vector<std::pair<std::uint32_t, std::string>> again;
  std::uint32_t position = 0;
  for_each_line(*text ? std::string_view(**text) : std::string_view(), [&](std::string_view line) {
    const std::uint32_t at = position++;
    const Result<Row> row = parse_row_json(line);
    if (!row || redo(*row)) {
      chosen = true;
      if (row) again.emplace_back(at, row->url);
      return;
    }
    const bool has_image = row->outcome.status == ErrorCode::success;
    append_spool_row(spooled, {.position = at,
                               .status = row->outcome.status,
                               .url_crc = url_mark(row->url),
                               .bytes = has_image ? row->outcome.bytes : 0,
                               .json = line});
  });
  if (!chosen) return std::unique_ptr<OpenShard>();
  if (Result<> replaced = replace_spool(shard, spooled); !replaced) {
    return std::unexpected(std::move(replaced).error());
  }
  open_.insert(shard);
  auto opened = OpenShard::create(shard_settings(shard, generation), spooled);
  if (opened) {
    for (auto& [at, url] : again) (*opened)->expect(at, std::move(url));
  }
  return opened;
}

Result<std::unordered_set<std::string>> RunFolder::commit(std::unique_ptr<OpenShard> shard,
                                                          std::string input_digest) {
  Result<std::string> text = shard->read_back();
  if (!text) return std::unexpected(std::move(text).error());
  ShardRecord record{.shard = shard->shard(),
                     .generation = shard->generation(),
                     .input_digest = std::move(input_digest)};
  std::unordered_set<std::string> paths;
  std::vector<std::string_view> lines;
  for (const SpoolRow& row : final_rows(read_spool(*text))) {
    lines.push_back(row.json);
    ++record.rows;
    ++record.by_status[row.status];
    record.image_bytes += row.bytes;
    if (const std::string_view path = path_of(row.json); !path.empty()) paths.emplace(path);
  }
  if (record.rows != shard->finished_count()) {
    return std::unexpected(Error{
        .code = ErrorCode::state_damaged,
        .detail = fmt::format("the spool of shard {} holds {} of {} rows", shard_name(record.shard),
                              record.rows, shard->finished_count())});
  }
  shard.reset();
  if (Result<> done = commit_shard(folders(), lines, record, settings_.crash_point); !done) {
    return std::unexpected(std::move(done).error());
  }
  open_.erase(record.shard);
  records_.insert_or_assign(record.shard, std::move(record));
  return paths;
}

Result<RunFolder::Totals> RunFolder::totals(std::uint64_t shard) {
  if (state(shard) == ShardState::done) {
    const ShardRecord& done = records_.at(shard);
    return Totals{.by_status = done.by_status, .image_bytes = done.image_bytes};
  }
  Totals totals;
  Result<std::optional<std::string>> text = spool_->read(shard_name(shard));
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return totals;
  for (const SpoolRow& row : final_rows(read_spool(**text))) {
    ++totals.by_status[row.status];
    if (row.status == ErrorCode::success) totals.image_bytes += row.bytes;
  }
  return totals;
}

Result<> RunFolder::for_each_row(std::uint64_t shard, Which which,
                                 const std::function<void(const Row&)>& visit) {
  const bool open = state(shard) == ShardState::open;
  const bool all = which == Which::all;
  if (!open && !all && all_succeeded(records_.at(shard))) return {};
  const std::string name = shard_name(shard);
  Result<std::optional<std::string>> text =
      open ? spool_->read(name) : output_->read(name + ".jsonl");
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return {};
  std::uint32_t position = 0;
  const auto visit_line = [&](std::string_view line) {
    Result<Row> row = parse_row_json(line);
    if (!row) return;
    row->index = layout_.first_index(shard) + position;
    visit(*row);
  };
  if (open) {
    for (const SpoolRow& row : final_rows(read_spool(**text))) {
      position = row.position;
      if (all || row.status != ErrorCode::success) visit_line(row.json);
    }
    return {};
  }
  for_each_line(**text, [&](std::string_view line) {
    if (all || !says_success(line)) visit_line(line);
    ++position;
  });
  return {};
}

Result<> RunFolder::check_end(std::uint64_t row_count) {
  for (const std::uint64_t shard : known_shards()) {
    if (layout_.first_index(shard) + layout_.samples_per_shard() <= row_count) continue;
    std::optional<Row> missing;
    Result<> read = for_each_row(shard, Which::all, [&](const Row& row) {
      if (!missing && row.index >= row_count) missing = row;
    });
    if (!read) return read;
    if (missing) return std::unexpected(missing_row(missing->input, missing->line, missing->url));
  }
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

Result<std::string> RunFolder::without_lost_images(std::uint64_t shard, std::string_view text) {
  const SpoolContents contents = read_spool(text);
  std::string kept;
  append_spool_header(kept, contents.generation, settings_.boot_id);
  Result<std::unique_ptr<Folder>> images =
      output_->folder(shard_name(shard), Folder::IfMissing::fail);
  for (const SpoolRow& row : contents.rows) {
    const std::string_view path = path_of(row.json);
    if (!path.empty()) {
      if (!images) continue;
      Result<std::optional<std::uint64_t>> size = (*images)->size(path.substr(path.find('/') + 1));
      if (!size) return std::unexpected(std::move(size).error());
      if (*size != row.bytes) continue;
    }
    append_spool_row(kept, row);
  }
  if (Result<> replaced = replace_spool(shard, kept); !replaced) {
    return std::unexpected(std::move(replaced).error());
  }
  return kept;
}

Result<> RunFolder::replace_spool(std::uint64_t shard, const std::string& text) {
  return write_atomically(*spool_, shard_name(shard), text);
}

CommitFolders RunFolder::folders() {
  return {
      .output = output_.get(), .work = work_.get(), .shards = shards_.get(), .spool = spool_.get()};
}

}  // namespace pixhaul::ledger
