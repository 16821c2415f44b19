// Everything here reads. A file that changes meanwhile (its shard is being rewritten) shows as a
// problem, which another look clears.
#include "ledger/audit.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "ledger/row_json.h"
#include "ledger/spool.h"
#include "ledger/spool_data.h"

namespace pixhaul::ledger {

namespace {

constexpr std::string_view kStatsEnd = "_stats.json";
constexpr std::array<std::string_view, 3> kSampleEnds = {".tar", ".tfrecord", ".parquet"};

Error not_a_folder(std::string_view path) {
  return Error{.code = ErrorCode::input_unreadable,
               .detail = fmt::format("'{}' is no folder that pixhaul or img2dataset made", path)};
}

// What there is of a folder's state; the parts of it that are missing are nullptr.
struct Folders {
  std::unique_ptr<Folder> output;
  std::unique_ptr<Folder> state;
  std::unique_ptr<Folder> rows;
  std::unique_ptr<Folder> shards;
  std::unique_ptr<Folder> spool;
  std::unique_ptr<Folder> parts;

  [[nodiscard]] CommitFolders view() const {
    return {.output = output.get(), .rows = rows.get(), .shards = shards.get()};
  }
};

std::unique_ptr<Folder> open_or_none(Folder& in, std::string_view name) {
  Result<std::unique_ptr<Folder>> folder = in.folder(name, Folder::IfMissing::fail);
  return folder ? std::move(*folder) : nullptr;
}

Result<Folders> open_folders(FileSystem& files, std::string_view path) {
  Result<std::unique_ptr<Folder>> output = files.open_folder(path, Folder::IfMissing::fail);
  // Of a local folder the system says why; a store has a sentence of its own.
  if (!output && output.error().os_error == 0) return std::unexpected(std::move(output).error());
  if (!output) return std::unexpected(not_a_folder(path));
  Folders folders{.output = std::move(*output)};
  folders.state = open_or_none(*folders.output, ".pixhaul");
  if (folders.state == nullptr) return folders;
  folders.rows = open_or_none(*folders.state, "rows");
  folders.shards = open_or_none(*folders.state, "shards");
  folders.spool = open_or_none(*folders.state, "spool");
  folders.parts = open_or_none(*folders.state, "parts");
  return folders;
}

// The shortest number in front of "_stats.json": wider ones need their digits.
Result<int> digits_of(Folder& output) {
  Result<std::vector<FolderEntry>> entries = output.list();
  if (!entries) return std::unexpected(std::move(entries).error());
  std::size_t digits = SIZE_MAX;
  for (const FolderEntry& entry : *entries) {
    const std::size_t end = entry.name.find_first_not_of("0123456789");
    if (end == 0 || end == entry.name.npos || entry.name.substr(end) != kStatsEnd) continue;
    digits = std::min(digits, end);
  }
  return digits == SIZE_MAX ? kShardDigits : static_cast<int>(digits);
}

Result<> read_open_shards(Folder& spool, FolderState& state) {
  Result<std::vector<FolderEntry>> entries = spool.list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    const std::optional<std::uint64_t> shard = parse_shard_name(entry.name);
    if (!shard) continue;
    const auto is_same = [&](const DoneShard& done) { return done.record.shard == *shard; };
    if (std::any_of(state.shards.begin(), state.shards.end(), is_same)) continue;
    Result<std::optional<std::string>> text = spool.read(entry.name);
    if (!text) return std::unexpected(std::move(text).error());
    if (!*text) continue;
    FolderState::Open open{.shard = *shard};
    for (const SpoolRow& row : final_rows(read_spool(**text).rows)) {
      ++open.by_status[row.status];
      if (row.status == ErrorCode::success) open.image_bytes += row.bytes;
    }
    state.open.push_back(std::move(open));
  }
  return {};
}

Result<> read_processes(Folder& folder, FolderState& state) {
  Result<std::vector<FolderEntry>> entries = folder.list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (entry.name != "lock" && !entry.name.starts_with("lock.")) continue;
    Result<std::optional<std::string>> text = folder.read(entry.name);
    if (!text) return std::unexpected(std::move(text).error());
    int process = 0;
    if (*text) std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), process);
    if (process > 0) state.processes.push_back(process);
  }
  return {};
}

Result<> read_own_state(const Folders& folders, FolderState& state) {
  if (folders.state == nullptr) return {};
  if (folders.parts != nullptr) {
    Result<std::vector<Part>> parts = load_parts(*folders.parts);
    if (!parts) return std::unexpected(std::move(parts).error());
    state.parts = std::move(*parts);
  }
  if (folders.spool != nullptr) {
    if (Result<> read = read_open_shards(*folders.spool, state); !read) return read;
  }
  return read_processes(*folders.state, state);
}

std::optional<DigestKind> digest_kind(std::size_t hex_length) {
  switch (hex_length) {
    case 32:
      return DigestKind::md5;
    case 64:
      return DigestKind::sha256;
    case 128:
      return DigestKind::sha512;
    default:
      return std::nullopt;
  }
}

class Audit {
 public:
  Audit(const Folders& folders, const FolderState& state, const AuditChecks& checks)
      : folders_(folders), state_(state), checks_(checks) {}

  Result<AuditReport> run() {
    for (const DoneShard& shard : state_.shards) {
      if (!shard.problem.empty()) {
        note(shard.problem_file, shard.problem);
        continue;
      }
      if (shard.differs) {
        note(shard_name(shard.record.shard, state_.shard_digits) + std::string(kStatsEnd),
             "is not what was written");
      }
      if (Result<> checked = check_shard(shard); !checked) {
        return std::unexpected(std::move(checked).error());
      }
    }
    return std::move(report_);
  }

 private:
  void note(std::string path, std::string what) {
    ++report_.problem_count;
    if (report_.problems.size() < AuditReport::kShown) {
      report_.problems.push_back({std::move(path), std::move(what)});
    }
  }

  Result<> check_shard(const DoneShard& shard) {
    const std::string name = shard_name(shard.record.shard, state_.shard_digits);
    bool is_counted = false;
    for (const CommitFile& file : files_of(shard, name)) {
      if (Result<> checked = check_file(shard, file, is_counted); !checked) return checked;
      if (file.place == Place::output && file.name == name + ".jsonl") {
        if (Result<> checked = check_images(file.name, name); !checked) return checked;
        is_counted = true;
      }
    }
    if (!is_counted) report_.samples += successes(shard);
    return {};
  }

  static std::uint64_t successes(const DoneShard& shard) {
    const auto found = shard.record.by_status.find(ErrorCode::success);
    return found == shard.record.by_status.end() ? 0 : found->second;
  }

  // Of a shard nobody recorded the files of: those that a format has, by their names.
  static std::vector<CommitFile> files_of(const DoneShard& shard, const std::string& name) {
    std::vector<CommitFile> files = shard.record.files;
    if (shard.record.generation > 0) files.push_back(shard.record.stats);
    if (!files.empty() || shard.stats.is_ours) return files;
    for (const std::string_view end : kSampleEnds)
      files.push_back({.name = name + std::string(end)});
    return files;
  }

  Result<> check_file(const DoneShard& shard, const CommitFile& file, bool& is_counted) {
    const bool is_recorded = !shard.record.files.empty() || shard.record.generation > 0;
    Folder* folder = file.place == Place::output ? folders_.output.get() : folders_.rows.get();
    const std::string path = (file.place == Place::rows ? ".pixhaul/rows/" : "") + file.name;
    if (folder == nullptr) {
      note(path, "is missing");
      return {};
    }
    Result<std::unique_ptr<RandomAccessFile>> opened = folder->open(file.name);
    if (!opened && opened.error().os_error == ENOENT) {
      if (is_recorded) note(path, "is missing");
      return {};
    }
    if (!opened) return std::unexpected(std::move(opened).error());
    Result<std::uint64_t> size = (*opened)->size();
    if (!size) return std::unexpected(std::move(size).error());
    ++report_.files;
    report_.bytes += *size;
    if (is_recorded) {
      Result<bool> same = has_sum(**opened, file, *size);
      if (!same) return std::unexpected(std::move(same).error());
      if (!*same) {
        note(path, *size == file.bytes
                       ? "is not what was written: its checksum differs"
                       : fmt::format("has {} bytes where {} were recorded", *size, file.bytes));
        return {};
      }
    }
    if (file.place == Place::output) check_members(shard, file, **opened, is_counted);
    return {};
  }

  static Result<bool> has_sum(const RandomAccessFile& file, const CommitFile& recorded,
                              std::uint64_t size) {
    if (size != recorded.bytes) return false;
    Result<std::optional<std::uint32_t>> sum = sum_of(file, 0, size);
    if (!sum) return std::unexpected(std::move(sum).error());
    return *sum == recorded.crc32c;
  }

  void check_members(const DoneShard& shard, const CommitFile& file, const RandomAccessFile& bytes,
                     bool& is_counted) {
    if (!checks_.members) return;
    Result<std::optional<std::uint64_t>> samples = checks_.members(file.name, bytes);
    if (!samples) return note(file.name, std::move(samples).error().detail);
    if (!*samples) return;
    if (**samples != successes(shard)) {
      note(file.name,
           fmt::format("holds {} samples where {} were recorded", **samples, successes(shard)));
    }
    report_.samples += **samples;
    is_counted = true;
  }

  Result<> check_images(const std::string& rows_file, const std::string& shard) {
    Result<std::optional<std::string>> text = folders_.output->read(rows_file);
    if (!text) return std::unexpected(std::move(text).error());
    const std::unique_ptr<Folder> images = open_or_none(*folders_.output, shard);
    std::string_view left = *text ? std::string_view(**text) : std::string_view();
    while (!left.empty()) {
      const std::string_view line = left.substr(0, left.find('\n'));
      left.remove_prefix(std::min(line.size() + 1, left.size()));
      const Result<Row> row = parse_row_json(line);
      if (!row) {
        note(rows_file, "has a line that is no row");
        continue;
      }
      if (row->outcome.status != ErrorCode::success) continue;
      ++report_.samples;
      if (row->path.empty()) continue;  // nothing was kept
      if (Result<> checked = check_image(*row, images.get()); !checked) return checked;
    }
    return {};
  }

  Result<> check_image(const Row& row, Folder* images) {
    const std::string name = row.path.substr(row.path.find('/') + 1);
    Result<std::optional<std::string>> image = std::optional<std::string>();
    if (images != nullptr) image = images->read(name);
    if (!image) return std::unexpected(std::move(image).error());
    if (!*image) {
      note(row.path, "is missing");
      return {};
    }
    const std::string& bytes = **image;
    ++report_.files;
    report_.bytes += bytes.size();
    if (bytes.size() != row.outcome.bytes) {
      note(row.path,
           fmt::format("has {} bytes where {} were recorded", bytes.size(), row.outcome.bytes));
    } else if (!has_digest(bytes, row.outcome.digest)) {
      note(row.path, "is not what was downloaded: its digest differs");
    } else if (checks_.image) {
      Result<> looked = checks_.image(std::as_bytes(std::span(bytes)));
      if (!looked) note(row.path, std::move(looked).error().detail);
    }
    return {};
  }

  static bool has_digest(const std::string& bytes, const std::string& wanted) {
    const std::optional<DigestKind> kind = digest_kind(wanted.size());
    if (!kind) return true;
    Result<Digest> digest = Digest::create(*kind);
    return !digest || digest->of(std::as_bytes(std::span(bytes))) == wanted;
  }

  const Folders& folders_;
  const FolderState& state_;
  const AuditChecks& checks_;
  AuditReport report_;
};

}  // namespace

bool FolderState::is_complete() const {
  return !parts.empty() && std::all_of(parts.begin(), parts.end(),
                                       [](const Part& part) { return part.is_complete(); });
}

Result<FolderState> read_state(FileSystem& files, std::string_view path) {
  Result<Folders> folders = open_folders(files, path);
  if (!folders) return std::unexpected(std::move(folders).error());
  FolderState state;
  Result<int> digits = digits_of(*folders->output);
  if (!digits) return std::unexpected(std::move(digits).error());
  state.shard_digits = *digits;
  Result<std::vector<std::uint64_t>> shards = shards_with_stats(*folders->output, *digits);
  if (!shards) return std::unexpected(std::move(shards).error());
  if (shards->empty() && folders->state == nullptr) return std::unexpected(not_a_folder(path));
  const ShardLayout layout(1, *digits);
  for (const std::uint64_t shard : *shards) {
    Result<DoneShard> done = load_done_shard(folders->view(), layout, shard);
    if (!done) return std::unexpected(std::move(done).error());
    done->record.shard = shard;
    state.shards.push_back(std::move(*done));
  }
  if (Result<> read = read_own_state(*folders, state); !read) {
    return std::unexpected(std::move(read).error());
  }
  return state;
}

Result<AuditReport> audit(FileSystem& files, std::string_view path, const FolderState& state,
                          const AuditChecks& checks) {
  Result<Folders> folders = open_folders(files, path);
  if (!folders) return std::unexpected(std::move(folders).error());
  return Audit(*folders, state, checks).run();
}

}  // namespace pixhaul::ledger
