// How a shard becomes visible, whole or not at all. Its images already lie under their final names,
// unsynced; its rows lie in .pixhaul/spool/NNNNN. N is the shard, G its generation (1, and one more
// each time it is rewritten).
//
//   step                                                       a crash behind it leaves recovery 1
//   write commit/N.G.part (the jsonl), fsync                a temporary removes it 2  syncfs:
//   images, their names, the temporary              the same                          removes it 3
//   create commit/N.G.json exclusively, whole, and fsync:   the decision, the temporary forward
//   from 4
//      the decision, with size and crc32c of the jsonl
//   4  rename commit/N.G.part to OUT/N.jsonl, fsync OUT        the decision, the final file forward
//   from 5 5  write shards/N.json atomically: the shard is done       all of it, and leftovers
//   forward from 6 6  remove spool/N                                          the decision forward
//   from 7 7  remove commit/N.G.json                                  nothing nothing to do
//
// Forward means: the decision's file is there, under either name, with the size and sum the
// decision says. If it is under neither (somebody deleted it), the decision is undone; the spool is
// still there, so no finished row is lost. A decision is written under a temporary name and renamed
// with "fail if present": it is never torn, and of several attempts exactly one creates it. A
// generation replaces the one before it at step 4, in one rename; until then the old rows stand.
// "Done" is a record that parses and a file of its size, never the existence of a name. A failed
// fsync is never repeated on the same data: the attempt ends, and the next one writes a new
// temporary.
#include "ledger/commit.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/json_writer.h"
#include "ledger/layout.h"

namespace pixhaul::ledger {

namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

std::string attempt_name(const ShardRecord& record) {
  return fmt::format("{}.{}", shard_name(record.shard), record.generation);
}

std::string rows_name(const ShardRecord& record) { return shard_name(record.shard) + ".jsonl"; }

void pass(const CrashPoint& crash_point, int point) {
  if (crash_point) crash_point(point);
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Writes the lines in chunks, so that a shard's rows are held once and not twice.
Result<> write_rows(WritableFile& file, std::span<const std::string_view> rows,
                    ShardRecord& record) {
  record.file_bytes = 0;
  record.file_crc = 0;
  std::string chunk;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    chunk.append(rows[i]).append(1, '\n');
    if (chunk.size() < kChunkBytes && i + 1 < rows.size()) continue;
    if (Result<> wrote = file.write(bytes_of(chunk)); !wrote) return wrote;
    record.file_crc = crc32c(chunk, record.file_crc);
    record.file_bytes += chunk.size();
    chunk.clear();
  }
  return {};
}

Result<> write_temporary(const CommitFolders& folders, std::span<const std::string_view> rows,
                         ShardRecord& record) {
  const std::string name = attempt_name(record) + ".part";
  if (Result<> removed = folders.work->remove(name); !removed) return removed;
  Result<std::unique_ptr<WritableFile>> file = folders.work->create(name);
  if (!file) return std::unexpected(std::move(file).error());
  if (Result<> wrote = write_rows(**file, rows, record); !wrote) return wrote;
  if (Result<> synced = (*file)->sync(); !synced) return synced;
  return (*file)->close();
}

Result<> write_decision(Folder& work, const ShardRecord& record) {
  const std::string name = attempt_name(record) + ".json";
  const std::string temporary = "." + name + ".part";
  if (Result<> removed = work.remove(temporary); !removed) return removed;
  Result<std::unique_ptr<WritableFile>> file = work.create(temporary);
  if (!file) return std::unexpected(std::move(file).error());
  if (Result<> wrote = (*file)->write(bytes_of(record_json(record))); !wrote) return wrote;
  if (Result<> synced = (*file)->sync(); !synced) return synced;
  if (Result<> closed = (*file)->close(); !closed) return closed;
  if (Result<> won = work.rename(temporary, work, name, Folder::IfPresent::fail); !won) return won;
  return work.sync();
}

Result<> step_4(const CommitFolders& folders, const ShardRecord& record,
                const CrashPoint& crash_point) {
  Result<> renamed =
      folders.work->rename(attempt_name(record) + ".part", *folders.output, rows_name(record));
  if (!renamed) return renamed;
  if (Result<> synced = folders.output->sync(); !synced) return synced;
  pass(crash_point, 4);
  return {};
}

Result<> steps_5_to_7(const CommitFolders& folders, const ShardRecord& record,
                      const CrashPoint& crash_point) {
  const std::string shard = shard_name(record.shard);
  Result<> recorded = write_atomically(*folders.shards, shard + ".json", record_json(record));
  if (!recorded) return recorded;
  pass(crash_point, 5);
  if (Result<> removed = folders.spool->remove(shard); !removed) return removed;
  pass(crash_point, 6);
  if (Result<> removed = folders.work->remove(attempt_name(record) + ".json"); !removed) {
    return removed;
  }
  pass(crash_point, 7);
  return {};
}

Result<bool> matches(Folder& folder, const std::string& name, const ShardRecord& record) {
  Result<std::optional<std::string>> text = folder.read(name);
  if (!text) return std::unexpected(std::move(text).error());
  return *text && (*text)->size() == record.file_bytes && crc32c(**text) == record.file_crc;
}

Result<> recover_decision(const CommitFolders& folders, const ShardRecord& record,
                          const CrashPoint& crash_point) {
  Result<bool> temporary = matches(*folders.work, attempt_name(record) + ".part", record);
  if (!temporary) return std::unexpected(std::move(temporary).error());
  if (*temporary) {
    if (Result<> forward = step_4(folders, record, crash_point); !forward) return forward;
    return steps_5_to_7(folders, record, crash_point);
  }
  Result<bool> final_file = matches(*folders.output, rows_name(record), record);
  if (!final_file) return std::unexpected(std::move(final_file).error());
  if (*final_file) return steps_5_to_7(folders, record, crash_point);
  return folders.work->remove(attempt_name(record) + ".json");
}

Result<> recover_entry(const CommitFolders& folders, const std::string& name,
                       const CrashPoint& crash_point) {
  Result<std::optional<std::string>> text = folders.work->read(name);
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return {};
  Result<ShardRecord> record = parse_record(**text);
  if (!record || attempt_name(*record) + ".json" != name) return folders.work->remove(name);
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
  json.field("file_bytes", record.file_bytes);
  json.field("file_crc32c", record.file_crc);
  json.end_object();
  text += '\n';
  return text;
}

Result<ShardRecord> parse_record(std::string_view text) {
  const Error damaged{.code = ErrorCode::state_damaged, .detail = "a shard record is damaged"};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::unexpected(damaged);
  for (const char* field :
       {"shard", "generation", "rows", "image_bytes", "file_bytes", "file_crc32c"}) {
    if (!json.contains(field) || !json[field].is_number_unsigned()) {
      return std::unexpected(damaged);
    }
  }
  const auto digest = json.find("input_digest");
  const auto by_status = json.find("by_status");
  if (digest == json.end() || !digest->is_string() || by_status == json.end() ||
      !by_status->is_object()) {
    return std::unexpected(damaged);
  }
  ShardRecord record{.shard = json["shard"],
                     .generation = json["generation"],
                     .rows = json["rows"],
                     .image_bytes = json["image_bytes"],
                     .input_digest = digest->get<std::string>(),
                     .file_bytes = json["file_bytes"],
                     .file_crc = json["file_crc32c"]};
  for (const auto& [spelling, count] : by_status->items()) {
    const auto status = parse_error_code(spelling);
    if (!status || !count.is_number_unsigned()) return std::unexpected(damaged);
    record.by_status[*status] = count.get<std::uint64_t>();
  }
  return record;
}

Result<> commit_shard(const CommitFolders& folders, std::span<const std::string_view> rows,
                      ShardRecord& record, const CrashPoint& crash_point) {
  if (Result<> wrote = write_temporary(folders, rows, record); !wrote) return wrote;
  pass(crash_point, 1);
  if (Result<> synced = folders.output->sync_filesystem(); !synced) return synced;
  pass(crash_point, 2);
  if (Result<> decided = write_decision(*folders.work, record); !decided) return decided;
  pass(crash_point, 3);
  if (Result<> renamed = step_4(folders, record, crash_point); !renamed) return renamed;
  return steps_5_to_7(folders, record, crash_point);
}

Result<> recover_commits(const CommitFolders& folders, const CrashPoint& crash_point) {
  Result<std::vector<FolderEntry>> entries = folders.work->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (!entry.name.ends_with(".json")) continue;
    if (Result<> done = recover_entry(folders, entry.name, crash_point); !done) return done;
  }
  for (const FolderEntry& entry : *entries) {
    if (!entry.name.ends_with(".part")) continue;
    if (Result<> removed = folders.work->remove(entry.name); !removed) return removed;
  }
  return {};
}

Result<bool> is_whole(Folder& output, const ShardRecord& record) {
  Result<std::optional<std::uint64_t>> size = output.size(rows_name(record));
  if (!size) return std::unexpected(std::move(size).error());
  return *size == record.file_bytes;
}

}  // namespace pixhaul::ledger
