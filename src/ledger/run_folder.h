#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "ledger/commit.h"
#include "ledger/layout.h"
#include "ledger/manifest.h"
#include "ledger/open_shard.h"
#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

/// What a run brings to its folder.
struct RunSettings {
  Manifest manifest{};  ///< the options that shape the output
  std::uint32_t samples_per_shard = 10'000;
  std::string digest_name = "sha256";  ///< the row's field, "" for none
  std::string boot_id{};               ///< system_boot_id()
  CrashPoint crash_point{};
};

enum class ShardState : std::uint8_t { fresh, open, done };

/// An output folder and the state of its shards under .pixhaul/, held by one run at a time. One
/// thread.
///
///   OUT/NNNNN.jsonl            the rows of a done shard
///   OUT/failed.txt             what can be fed back
///   OUT/.pixhaul/lock          flock; holds the process's number
///   OUT/.pixhaul/manifest.json the options that shape the output
///   OUT/.pixhaul/spool/NNNNN   finished rows of an open shard
///   OUT/.pixhaul/commit/       a shard between its steps (commit.cc)
///   OUT/.pixhaul/shards/NNNNN.json  the record of a done shard
class RunFolder {
 public:
  /// Makes or continues the folder at `path`: lock, manifest, recovery. `files` outlives this.
  /// Errors: output_busy, other_input, state_damaged, output_unwritable, disk_full.
  [[nodiscard]] static Result<std::unique_ptr<RunFolder>> open(FileSystem& files,
                                                               std::string_view path,
                                                               RunSettings settings);

  [[nodiscard]] Folder& output() { return *output_; }
  [[nodiscard]] const ShardLayout& layout() const { return layout_; }
  [[nodiscard]] ShardState state(std::uint64_t shard) const;
  /// The record of a done shard, also while a new generation of it is open; nullptr if there is
  /// none.
  [[nodiscard]] const ShardRecord* record(std::uint64_t shard) const;
  /// Every shard that is done or open, ascending.
  [[nodiscard]] std::vector<std::uint64_t> known_shards() const;

  /// A fresh shard, or an open one with the rows an earlier run finished. After a restart of the
  /// machine (another boot id), rows whose image does not have its recorded size are dropped: their
  /// bytes were never synced. That the size is right is taken as proof, which holds where the file
  /// system writes data before size (ext4's ordered mode, XFS, btrfs). Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<std::unique_ptr<OpenShard>> open_shard(std::uint64_t shard);
  /// Generation g+1 of a done shard: all its rows are finished but those `redo` chooses. The rows
  /// of generation g stand until the commit. nullptr if `redo` chooses none and `grown` is false.
  /// Errors: as open_shard.
  [[nodiscard]] Result<std::unique_ptr<OpenShard>> reopen_shard(
      std::uint64_t shard, const std::function<bool(const Row&)>& redo, bool grown);
  /// Makes a shard visible, once all its rows are finished, and ends it. `input_digest`:
  /// InputDigest of its rows. Gives the paths its rows hold, for a sweep. Errors: disk_full,
  /// output_unwritable, state_damaged.
  [[nodiscard]] Result<std::unordered_set<std::string>> commit(std::unique_ptr<OpenShard> shard,
                                                               std::string input_digest);

  /// How the finished rows of a shard, done or open, ended. Errors: output_unwritable.
  struct Totals {
    std::map<ErrorCode, std::uint64_t> by_status{};
    std::uint64_t image_bytes = 0;
  };
  [[nodiscard]] Result<Totals> totals(std::uint64_t shard);
  /// Finished rows of a shard, done or open, in key order for a done one. A row that cannot be read
  /// is skipped. Successes are not even parsed with `Which::unsuccessful`. Errors:
  /// output_unwritable.
  enum class Which : std::uint8_t { all, unsuccessful };
  [[nodiscard]] Result<> for_each_row(std::uint64_t shard, Which which,
                                      const std::function<void(const Row&)>& visit);
  /// When the list has been read to its end: refuses it if the folder knows rows at or behind
  /// `row_count`. Errors: other_input, naming the first row that is missing.
  [[nodiscard]] Result<> check_end(std::uint64_t row_count);

 private:
  explicit RunFolder(RunSettings settings);

  Result<> open_state(FileSystem& files, std::string_view path);
  Result<> load_records();
  Result<> load_spools();
  Result<> load_spool_entry(const std::string& name);
  Result<> expect_done_rows(OpenShard& shard);
  OpenShard::Settings shard_settings(std::uint64_t shard, std::uint32_t generation);
  Result<std::string> without_lost_images(std::uint64_t shard, std::string_view text);
  Result<> replace_spool(std::uint64_t shard, const std::string& text);
  CommitFolders folders();

  RunSettings settings_;
  ShardLayout layout_;
  std::unique_ptr<Folder> output_;
  std::unique_ptr<Folder> state_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Folder> work_;
  std::unique_ptr<Folder> shards_;
  std::unique_ptr<Folder> spool_;
  std::map<std::uint64_t, ShardRecord> records_;
  std::unordered_set<std::uint64_t> open_;  // those with a spool of a generation that is not done
};

}  // namespace pixhaul::ledger
