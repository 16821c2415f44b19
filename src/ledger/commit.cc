// How a shard becomes visible, whole or not at all. Its files lie complete in .pixhaul/commit as
// N.G.o.NAME (for OUT) or N.G.r.NAME (for .pixhaul/rows), its rows in .pixhaul/spool/N. N is the
// shard, G its generation (1, and one more each time it is rewritten), NAME the final name.
//
//      step                                                  a crash behind it leaves    recovery
//   1  write the temporaries, NNNNN_stats.json's too         temporaries                 back
//   2  fsync each and their folder; syncfs instead where     temporaries                 back
//      images stand under their final names already
//   3  create commit/N.G.json exclusively, whole, fsync:     the decision                forward
//      the decision, with size and crc32c of each file
//   4  G > 1: remove OUT/N_stats.json of G - 1, fsync OUT,   the decision, files of      forward
//      then its files that G lacks                           G - 1 that nobody counts
//   5  rename each temporary to its final name               the decision, some files    forward
//   6  fsync OUT and rows/                                   the decision, all files     forward
//   7  write shards/N.json atomically                        the same, and the record    forward
//   8  rename N_stats.json, fsync OUT: the shard is done     all of it, and leftovers    forward
//   9  remove spool/N, spool/N.data, columns/N.arrow         the decision                forward
//  10  remove commit/N.G.json                                nothing                     –
//
// Forward means: each file is there, under either name, with the size and sum the decision says. If
// one is under neither (somebody deleted it), the decision is undone; the spool is still there, so
// no finished row is lost. A decision is written under a temporary name and renamed with "fail if
// present": it is never torn, and of several attempts exactly one creates it.
//
// "Done" is a stats file that parses beside files of the recorded sizes, never the existence of a
// name. A reader of OUT who takes the stats file for the sign sees a shard whole, or not: that is
// why a rewritten shard loses its old stats before its first file changes. A failed fsync is never
// repeated on the same data: the attempt ends, and the next one writes new temporaries.
//
// In an object store (docs/decisions/0004) the lock holds within one machine only, so rivals may be
// at work on a shard. A temporary's name is then N.G.ATTEMPT.o.NAME, with letters of its run's own,
// a rename is a copy by the store and a removal, and the decision is an object created under the
// condition that there is none. Three rules keep rivals apart:
//   - whoever finds the decision taken has lost, removes its own temporaries, and helps the winner
//     through its steps, so that its own run goes on with the next shard;
//   - whoever takes it looks whether shards/N.json shows this generation of another attempt, whole:
//     then it came behind step 10 of the winner, withdraws the decision and has lost;
//   - the sweep leaves a stranger's temporaries alone until their shard has that generation: step 9
//     of the winner and every opening remove them then, so nobody takes from a live attempt.
// Rolling forward is safe to be done twice at once, by the winner and by a helper: a temporary that
// has gone in between has its final name already, which is checked.
#include "ledger/commit.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "ledger/layout.h"
#include "ledger/spool_data.h"

namespace pixhaul::ledger {

namespace {

using Json = nlohmann::json;

Error damaged_record() {
  return Error{.code = ErrorCode::state_damaged, .detail = "a shard record is damaged"};
}

void pass(const CrashPoint& crash_point, int point) {
  if (crash_point) crash_point(point);
}

std::string decision_name(const ShardRecord& record) {
  return fmt::format("{}.{}.json", shard_name(record.shard), record.generation);
}

std::string temporary_of(const ShardRecord& record, const CommitFile& file) {
  return temporary_name(record, file.place, file.name);
}

Folder& folder_of(const CommitFolders& folders, Place place) {
  return place == Place::output ? *folders.output : *folders.rows;
}

// ---- records

void append_file(JsonWriter& json, const CommitFile& file) {
  json.begin_object();
  json.field("place", file.place == Place::output ? "output" : "rows");
  json.field("name", std::string_view(file.name));
  json.field("bytes", file.bytes);
  json.field("crc32c", file.crc32c);
  json.end_object();
}

void append_files(JsonWriter& json, std::string_view key, const std::vector<CommitFile>& files) {
  json.key(key);
  json.begin_array();
  for (const CommitFile& file : files) append_file(json, file);
  json.end_array();
}

std::optional<CommitFile> parse_file(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto name = json.find("name");
  const auto place = json.find("place");
  const auto bytes = json.find("bytes");
  const auto crc = json.find("crc32c");
  if (name == json.end() || !name->is_string() || place == json.end() || bytes == json.end() ||
      !bytes->is_number_unsigned() || crc == json.end() || !crc->is_number_unsigned()) {
    return std::nullopt;
  }
  return CommitFile{.place = *place == "rows" ? Place::rows : Place::output,
                    .name = *name,
                    .bytes = *bytes,
                    .crc32c = *crc};
}

bool parse_files(const Json& json, std::vector<CommitFile>& files) {
  if (!json.is_array()) return false;
  for (const Json& one : json) {
    std::optional<CommitFile> file = parse_file(one);
    if (!file) return false;
    files.push_back(std::move(*file));
  }
  return true;
}

bool parse_counts(const Json& json, std::map<ErrorCode, std::uint64_t>& by_status) {
  if (!json.is_object()) return false;
  for (const auto& [spelling, count] : json.items()) {
    const auto status = parse_error_code(spelling);
    if (!status || !count.is_number_unsigned()) return false;
    by_status[*status] = count.get<std::uint64_t>();
  }
  return true;
}

// ---- steps

Result<bool> matches(Folder& folder, std::string_view name, const CommitFile& file) {
  Result<std::optional<std::uint64_t>> size = folder.size(name);
  if (!size) return std::unexpected(std::move(size).error());
  if (*size != file.bytes) return false;
  Result<std::unique_ptr<RandomAccessFile>> opened = folder.open(name);
  if (!opened && opened.error().os_error == ENOENT) return false;  // renamed meanwhile
  if (!opened) return std::unexpected(std::move(opened).error());
  Result<std::optional<std::uint32_t>> sum = sum_of(**opened, 0, file.bytes);
  if (!sum && sum.error().os_error == ENOENT) return false;
  if (!sum) return std::unexpected(std::move(sum).error());
  return *sum == file.crc32c;
}

Error lost(const ShardRecord& record) {
  return Error{
      .code = ErrorCode::output_busy,
      .detail = fmt::format("another attempt has decided on shard {}; the next run goes on "
                            "with it",
                            shard_name(record.shard))};
}

// "00017.2.json" is a decision, "00017.2.o.00017.tar" a temporary, ".00017.2.json.part" a decision
// that was not made.
std::optional<std::uint64_t> shard_of_entry(std::string_view name) {
  if (name.starts_with('.')) name.remove_prefix(1);
  return parse_shard_name(name.substr(0, name.find('.')));
}

std::uint32_t generation_of_entry(std::string_view name) {
  if (name.starts_with('.')) name.remove_prefix(1);
  name.remove_prefix(std::min(name.size(), name.find('.') + 1));
  std::uint32_t generation = 0;
  std::from_chars(name.data(), name.data() + name.size(), generation);
  return generation;
}

bool is_decision(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot == name.npos) return false;
  const std::size_t end = name.find_first_not_of("0123456789", dot + 1);
  return end != name.npos && name.substr(end) == ".json";
}

Result<> remove_temporaries(const CommitFolders& folders, const ShardRecord& record) {
  for (const CommitFile& file : record.files) {
    if (Result<> removed = folders.work->remove(temporary_of(record, file)); !removed) {
      return removed;
    }
  }
  return folders.work->remove(temporary_of(record, record.stats));
}

Result<> withdraw(const CommitFolders& folders, const ShardRecord& record) {
  if (Result<> removed = folders.work->remove(decision_name(record)); !removed) return removed;
  return remove_temporaries(folders, record);
}

// What shards/ says of the shard; nullopt if nothing, or nothing that can be read.
Result<std::optional<ShardRecord>> standing_record(const CommitFolders& folders,
                                                   std::uint64_t shard) {
  Result<std::optional<std::string>> text = folders.shards->read(shard_name(shard) + ".json");
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return std::optional<ShardRecord>();
  Result<ShardRecord> record = parse_record(**text);
  return record ? std::optional(std::move(*record)) : std::nullopt;
}

// Whether another attempt has brought the shard to this generation: its decision is gone again.
Result<bool> is_overtaken(const CommitFolders& folders, const ShardRecord& record) {
  if (record.attempt.empty()) return false;
  Result<std::optional<ShardRecord>> standing = standing_record(folders, record.shard);
  if (!standing) return std::unexpected(std::move(standing).error());
  if (!*standing || (*standing)->generation < record.generation ||
      (*standing)->attempt == record.attempt) {
    return false;
  }
  return is_whole(folders, **standing);
}

// False when another attempt was first; what this one wrote is then gone.
Result<bool> decide(const CommitFolders& folders, const ShardRecord& record) {
  Result<bool> won = write_once(*folders.work, decision_name(record), record_json(record));
  if (!won) return won;
  Result<bool> overtaken = *won ? is_overtaken(folders, record) : Result<bool>(false);
  if (!overtaken) return overtaken;
  if (*won && !*overtaken) return true;
  if (record.attempt.empty()) return false;
  Result<> cleared = *won ? withdraw(folders, record) : remove_temporaries(folders, record);
  if (!cleared) return std::unexpected(std::move(cleared).error());
  return false;
}

// Step 4, while the new stats are still to come.
Result<> retire_generation_before(const CommitFolders& folders, const ShardRecord& record) {
  if (record.generation == 1 && record.replaced.empty()) return {};
  Result<std::optional<std::uint64_t>> pending =
      folders.work->size(temporary_of(record, record.stats));
  if (!pending) return std::unexpected(std::move(pending).error());
  if (!*pending) return {};
  if (Result<> removed = folders.output->remove(record.stats.name); !removed) return removed;
  if (Result<> synced = folders.output->sync(); !synced) return synced;
  for (const CommitFile& file : record.replaced) {
    if (Result<> removed = folder_of(folders, file.place).remove(file.name); !removed) {
      return removed;
    }
  }
  return {};
}

// What is not under its temporary name has its final one already.
Result<> rename_file(const CommitFolders& folders, const ShardRecord& record,
                     const CommitFile& file) {
  const std::string temporary = temporary_of(record, file);
  Result<std::optional<std::uint64_t>> pending = folders.work->size(temporary);
  if (!pending) return std::unexpected(std::move(pending).error());
  if (!*pending) return {};
  Folder& place = folder_of(folders, file.place);
  Result<> renamed = folders.work->rename(temporary, place, file.name);
  if (renamed || renamed.error().os_error != ENOENT) return renamed;
  Result<bool> there = matches(place, file.name, file);
  if (!there) return std::unexpected(std::move(there).error());
  return *there ? Result<>() : renamed;
}

Result<> sync_places(const CommitFolders& folders, const ShardRecord& record) {
  if (Result<> synced = folders.output->sync(); !synced) return synced;
  for (const CommitFile& file : record.files) {
    if (file.place == Place::rows) return folders.rows->sync();
  }
  return {};
}

// Those of attempts that have lost, or were killed before they decided.
Result<> clear_strangers(const CommitFolders& folders, const ShardRecord& record) {
  if (record.attempt.empty()) return {};
  Result<std::vector<FolderEntry>> entries = folders.work->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (entry.is_folder || is_decision(entry.name) || shard_of_entry(entry.name) != record.shard ||
        generation_of_entry(entry.name) > record.generation) {
      continue;
    }
    if (Result<> removed = folders.work->remove(entry.name); !removed) return removed;
  }
  return {};
}

Result<> clear_leftovers(const CommitFolders& folders, const ShardRecord& record) {
  if (Result<> removed = clear_strangers(folders, record); !removed) return removed;
  const std::string shard = shard_name(record.shard);
  if (Result<> removed = folders.spool->remove(shard); !removed) return removed;
  if (Result<> removed = folders.spool->remove(data_name(record.shard)); !removed) return removed;
  return folders.columns->remove(shard + ".arrow");
}

// Steps 4 to 10; those that were done before are passed again.
Result<> roll_forward(const CommitFolders& folders, const ShardRecord& record,
                      const CrashPoint& crash_point) {
  if (Result<> retired = retire_generation_before(folders, record); !retired) return retired;
  pass(crash_point, 4);
  for (const CommitFile& file : record.files) {
    if (Result<> renamed = rename_file(folders, record, file); !renamed) return renamed;
    pass(crash_point, 5);
  }
  if (Result<> synced = sync_places(folders, record); !synced) return synced;
  pass(crash_point, 6);
  ShardRecord standing = record;
  standing.replaced.clear();
  Result<> recorded =
      write_atomically(*folders.shards, shard_name(record.shard) + ".json", record_json(standing));
  if (!recorded) return recorded;
  pass(crash_point, 7);
  if (Result<> renamed = rename_file(folders, record, record.stats); !renamed) return renamed;
  if (Result<> synced = folders.output->sync(); !synced) return synced;
  pass(crash_point, 8);
  if (Result<> cleared = clear_leftovers(folders, record); !cleared) return cleared;
  pass(crash_point, 9);
  if (Result<> removed = folders.work->remove(decision_name(record)); !removed) return removed;
  pass(crash_point, 10);
  return {};
}

// ---- recovery and rivals

Result<bool> is_there(const CommitFolders& folders, const ShardRecord& record,
                      const CommitFile& file) {
  Result<bool> temporary = matches(*folders.work, temporary_of(record, file), file);
  if (!temporary || *temporary) return temporary;
  return matches(folder_of(folders, file.place), file.name, file);
}

Result<bool> all_there(const CommitFolders& folders, const ShardRecord& record) {
  for (const CommitFile& file : record.files) {
    Result<bool> there = is_there(folders, record, file);
    if (!there || !*there) return there;
  }
  return is_there(folders, record, record.stats);
}

Result<> recover_decision(const CommitFolders& folders, const ShardRecord& record,
                          const CrashPoint& crash_point) {
  Result<bool> overtaken = is_overtaken(folders, record);
  if (!overtaken) return std::unexpected(std::move(overtaken).error());
  if (*overtaken) return withdraw(folders, record);
  Result<bool> there = all_there(folders, record);
  if (!there) return std::unexpected(std::move(there).error());
  if (!*there) return folders.work->remove(decision_name(record));
  return roll_forward(folders, record, crash_point);
}

// A decision that its maker is about to withdraw is left to it.
Result<> help(const CommitFolders& folders, const ShardRecord& winner) {
  Result<bool> overtaken = is_overtaken(folders, winner);
  if (!overtaken) return std::unexpected(std::move(overtaken).error());
  if (*overtaken) return {};
  Result<bool> there = all_there(folders, winner);
  if (!there) return std::unexpected(std::move(there).error());
  return *there ? roll_forward(folders, winner, {}) : Result<>();
}

// Of a shard that another attempt has decided on: its steps are finished, whether it still lives or
// not, and `record` becomes its own. Not of one that is rewritten: step 4 is not to be done by one
// who may be late.
Result<bool> adopt(const CommitFolders& folders, ShardRecord& record) {
  if (record.attempt.empty() || record.generation > 1) return false;
  Result<std::optional<std::string>> text = folders.work->read(decision_name(record));
  if (!text) return std::unexpected(std::move(text).error());
  Result<ShardRecord> winner = parse_record(*text ? std::string_view(**text) : std::string_view());
  if (winner) {
    if (Result<> done = help(folders, *winner); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  Result<std::optional<ShardRecord>> standing = standing_record(folders, record.shard);
  if (!standing) return std::unexpected(std::move(standing).error());
  if (!*standing) return false;
  Result<bool> whole = is_whole(folders, **standing);
  if (!whole || !*whole) return whole;
  record = std::move(**standing);
  return true;
}

// Whether a temporary is nobody's any more.
Result<bool> is_settled(const CommitFolders& folders, std::string_view entry) {
  const std::optional<std::uint64_t> shard = shard_of_entry(entry);
  if (folders.attempt.empty() || !shard) return true;
  Result<std::optional<ShardRecord>> standing = standing_record(folders, *shard);
  if (!standing) return std::unexpected(std::move(standing).error());
  return *standing && (*standing)->generation >= generation_of_entry(entry);
}

Result<> recover_entry(const CommitFolders& folders, const std::string& name,
                       const CrashPoint& crash_point) {
  Result<std::optional<std::string>> text = folders.work->read(name);
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return {};
  Result<ShardRecord> record = parse_record(**text);
  if (!record || decision_name(*record) != name) return folders.work->remove(name);
  return recover_decision(folders, *record, crash_point);
}

}  // namespace

std::string record_json(const ShardRecord& record) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("shard", record.shard);
  json.field("generation", record.generation);
  json.field("rows", record.rows);
  json.field("image_bytes", record.image_bytes);
  json.key("by_status");
  json.begin_object();
  for (const auto& [status, count] : record.by_status) json.field(name(status), count);
  json.end_object();
  json.field("input_digest", std::string_view(record.input_digest));
  if (!record.attempt.empty()) json.field("attempt", std::string_view(record.attempt));
  append_files(json, "files", record.files);
  json.key("stats");
  append_file(json, record.stats);
  if (!record.replaced.empty()) append_files(json, "replaced", record.replaced);
  json.end_object();
  text += '\n';
  return text;
}

Result<ShardRecord> parse_record(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::unexpected(damaged_record());
  for (const char* field : {"shard", "generation", "rows", "image_bytes"}) {
    if (!json.contains(field) || !json[field].is_number_unsigned()) {
      return std::unexpected(damaged_record());
    }
  }
  const auto digest = json.find("input_digest");
  if (digest == json.end() || !digest->is_string()) return std::unexpected(damaged_record());
  ShardRecord record{.shard = json["shard"],
                     .generation = json["generation"],
                     .rows = json["rows"],
                     .image_bytes = json["image_bytes"],
                     .input_digest = *digest};
  if (const auto attempt = json.find("attempt"); attempt != json.end() && attempt->is_string()) {
    record.attempt = *attempt;
  }
  const std::optional<CommitFile> stats = parse_file(json.value("stats", Json()));
  const bool whole = stats && parse_counts(json.value("by_status", Json()), record.by_status) &&
                     parse_files(json.value("files", Json()), record.files) &&
                     parse_files(json.value("replaced", Json::array()), record.replaced);
  if (!whole) return std::unexpected(damaged_record());
  record.stats = *stats;
  return record;
}

std::string temporary_name(const ShardRecord& record, Place place, std::string_view name) {
  return fmt::format("{}.{}.{}{}{}.{}", shard_name(record.shard), record.generation, record.attempt,
                     record.attempt.empty() ? "" : ".", place == Place::output ? 'o' : 'r', name);
}

Result<> publish_shard(const CommitFolders& folders, ShardRecord& record,
                       const CrashPoint& crash_point) {
  Result<bool> won = decide(folders, record);
  if (!won) return std::unexpected(std::move(won).error());
  if (!*won) {
    Result<bool> adopted = adopt(folders, record);
    if (!adopted) return std::unexpected(std::move(adopted).error());
    return *adopted ? Result<>() : std::unexpected(lost(record));
  }
  pass(crash_point, 3);
  return roll_forward(folders, record, crash_point);
}

Result<> recover_commits(const CommitFolders& folders,
                         const std::function<bool(std::uint64_t shard)>& is_mine,
                         const CrashPoint& crash_point) {
  Result<std::vector<FolderEntry>> entries = folders.work->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  std::erase_if(*entries, [&](const FolderEntry& entry) {
    const std::optional<std::uint64_t> shard = shard_of_entry(entry.name);
    return shard && !is_mine(*shard);
  });
  for (const FolderEntry& entry : *entries) {
    if (!is_decision(entry.name)) continue;
    if (Result<> done = recover_entry(folders, entry.name, crash_point); !done) return done;
  }
  for (const FolderEntry& entry : *entries) {
    if (is_decision(entry.name) || entry.is_folder) continue;
    Result<bool> settled = is_settled(folders, entry.name);
    if (!settled) return std::unexpected(std::move(settled).error());
    if (!*settled) continue;
    if (Result<> removed = folders.work->remove(entry.name); !removed) return removed;
  }
  return {};
}

Result<bool> is_whole(const CommitFolders& folders, const ShardRecord& record) {
  Result<bool> stats = matches(*folders.output, record.stats.name, record.stats);
  if (!stats || !*stats) return stats;
  for (const CommitFile& file : record.files) {
    Result<std::optional<std::uint64_t>> size = folder_of(folders, file.place).size(file.name);
    if (!size) return std::unexpected(std::move(size).error());
    if (*size != file.bytes) return false;
  }
  return true;
}

}  // namespace pixhaul::ledger
