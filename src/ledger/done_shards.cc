#include "ledger/done_shards.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/digest.h"

namespace pixhaul::ledger {

namespace {

constexpr std::string_view kStatsEnd = "_stats.json";

// Compares the files with what `files` says of them.
Result<> check_sizes(const CommitFolders& folders, const std::vector<CommitFile>& files,
                     DoneShard& done) {
  for (const CommitFile& file : files) {
    Folder* folder = file.place == Place::output ? folders.output : folders.rows;
    Result<std::optional<std::uint64_t>> size = std::optional<std::uint64_t>();
    if (folder != nullptr) size = folder->size(file.name);
    if (!size) return std::unexpected(std::move(size).error());
    if (*size == file.bytes) continue;
    done.problem_file = (file.place == Place::rows ? ".pixhaul/rows/" : "") + file.name;
    done.problem = *size ? fmt::format("has {} bytes where {} were recorded", **size, file.bytes)
                         : std::string("is missing");
    return {};
  }
  return {};
}

Result<std::optional<ShardRecord>> read_record(Folder* shards, std::uint64_t shard) {
  if (shards == nullptr) return std::optional<ShardRecord>();
  Result<std::optional<std::string>> text = shards->read(shard_name(shard) + ".json");
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return std::optional<ShardRecord>();
  Result<ShardRecord> record = parse_record(**text);
  if (!record || record->shard != shard) return std::optional<ShardRecord>();
  return std::optional(std::move(*record));
}

ShardRecord record_of_stats(std::uint64_t shard, const StatsFacts& stats) {
  ShardRecord record{.shard = shard,
                     .generation = 0,
                     .rows = static_cast<std::uint32_t>(stats.count),
                     .files = stats.files};
  record.by_status[ErrorCode::success] = stats.successes;
  return record;
}

}  // namespace

Result<std::vector<std::uint64_t>> shards_with_stats(Folder& output, int digits) {
  Result<std::vector<FolderEntry>> entries = output.list();
  if (!entries) return std::unexpected(std::move(entries).error());
  std::vector<std::uint64_t> shards;
  for (const FolderEntry& entry : *entries) {
    std::string_view name = entry.name;
    if (entry.is_folder || !name.ends_with(kStatsEnd)) continue;
    name.remove_suffix(kStatsEnd.size());
    if (name.empty() || name.find_first_not_of("0123456789") != name.npos) continue;
    const std::optional<std::uint64_t> shard = parse_shard_name(name, digits);
    if (!shard) {
      return std::unexpected(
          Error{.code = ErrorCode::other_input,
                .detail = fmt::format("this folder has '{}', so its shards' names have {} digits "
                                      "and not {}; say --oom_shard_count {}, or use another "
                                      "--output_folder",
                                      entry.name, name.size(), digits, name.size())});
    }
    shards.push_back(*shard);
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

Result<DoneShard> load_done_shard(const CommitFolders& folders, const ShardLayout& layout,
                                  std::uint64_t shard) {
  DoneShard done;
  done.problem_file = layout.shard_name(shard) + std::string(kStatsEnd);
  Result<std::optional<std::string>> text = folders.output->read(done.problem_file);
  if (!text) return std::unexpected(std::move(text).error());
  Result<StatsFacts> stats = parse_stats(*text ? std::string_view(**text) : std::string_view());
  Result<std::optional<ShardRecord>> record = read_record(folders.shards, shard);
  if (!record) return std::unexpected(std::move(record).error());
  if (!stats) {
    done.problem = "is damaged";
    if (*record) done.record = std::move(**record);
    return done;
  }
  done.stats = std::move(*stats);
  const bool is_recorded = *record && (*record)->stats.bytes == (*text)->size() &&
                           (*record)->stats.crc32c == crc32c(**text);
  done.differs = *record && !is_recorded;
  // Stats that are ours and not the record's say which files they mean; another program's say
  // nothing and are believed, as that program does.
  done.record = is_recorded ? std::move(**record) : record_of_stats(shard, done.stats);
  Result<> checked = check_sizes(folders, done.record.files, done);
  if (!checked) return std::unexpected(std::move(checked).error());
  return done;
}

}  // namespace pixhaul::ledger
