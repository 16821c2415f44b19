#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "base/mutex.h"
#include "ledger/assembly.h"
#include "ledger/commit.h"
#include "ledger/layout.h"
#include "ledger/manifest.h"
#include "ledger/open_shard.h"
#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

class RunFolder;

/// What to do with shards that a folder holds already; as img2dataset's `incremental_mode`.
enum class ExistingShards : std::uint8_t {
  keep,       ///< incremental: done shards stay, others are done now
  remove,     ///< overwrite: everything of this layout goes first, and nothing else
  add_after,  ///< extend: the list's shards follow those that are there
};

/// Reads the rows of a done shard, in order of key: called with each. For the formats whose rows
/// the ledger cannot read itself. Row::index may be 0; a row without a key is one that is not
/// known, and is done again. Errors: output_unwritable.
using ReadDoneRows = std::function<Result<>(RunFolder& folder, const ShardRecord& record,
                                            const std::function<void(const Row&)>& visit)>;

/// What a run brings to its folder.
struct RunSettings {
  Manifest manifest{};  ///< the options that shape the output
  std::uint32_t samples_per_shard = 10'000;
  int shard_digits = kShardDigits;
  std::string digest_name = "sha256";  ///< the row's field, "" for none
  std::string boot_id{};               ///< system_boot_id()
  ExistingShards existing = ExistingShards::keep;
  /// This run does the shards whose number leaves `worker_index` when divided by `worker_count`.
  /// The workers of one manifest share the folder, each with a lock of its own.
  std::uint32_t worker_index = 0;
  std::uint32_t worker_count = 1;
  std::string attempt{};          ///< CommitFolders::attempt
  ReadDoneRows read_done_rows{};  ///< null: from NNNNN.jsonl
  CrashPoint crash_point{};
};

enum class ShardState : std::uint8_t {
  fresh,
  open,
  done,
  elsewhere,  ///< another worker's
};

/// An output folder and the state of its shards under .pixhaul/, held by one run at a time (or one
/// of each worker). Any thread, except that calls about the same shard come one after the other.
///
///   OUT/NNNNN_stats.json       the shard is done: the last of its files to become visible
///   OUT/NNNNN.tar, .jsonl, …   its other files
///   OUT/failed.txt             what can be fed back
///   OUT/.pixhaul/lock          flock; holds the process's number (lock.I of worker I)
///   OUT/.pixhaul/manifest.json the options that shape the output
///   OUT/.pixhaul/parts/NNNNN.json   where a list's shards begin (parts.h)
///   OUT/.pixhaul/spool/NNNNN   finished rows of an open shard, NNNNN.data their samples' bytes
///   OUT/.pixhaul/columns/NNNNN.arrow  the list's columns of an open shard
///   OUT/.pixhaul/commit/       a shard between its steps (commit.cc)
///   OUT/.pixhaul/rows/         the rows' own files of done shards
///   OUT/.pixhaul/failed.parquet  failed rows of done shards with all columns of their list
///   OUT/.pixhaul/shards/NNNNN.json  the record of a done shard
///
/// A folder that img2dataset began has none of .pixhaul: its stats files that parse are done
/// shards.
class RunFolder {
 public:
  /// Makes or continues the folder at `path`: lock, manifest, recovery. `files` outlives this.
  /// Errors: output_busy, other_input, state_damaged, output_unwritable, disk_full.
  [[nodiscard]] static Result<std::unique_ptr<RunFolder>> open(FileSystem& files,
                                                               std::string_view path,
                                                               RunSettings settings);

  [[nodiscard]] Folder& output() { return *output_; }
  [[nodiscard]] Folder& rows() { return *rows_; }
  [[nodiscard]] Folder& state() { return *state_; }
  [[nodiscard]] const ShardLayout& layout() const { return layout_; }
  /// The shard of the list's first row: 0, or behind what was there with `add_after`.
  [[nodiscard]] std::uint64_t first_shard() const { return first_shard_; }
  [[nodiscard]] ShardState state(std::uint64_t shard) const;
  /// The record of a done shard, also while a new generation of it is open; nullopt if there is
  /// none.
  [[nodiscard]] std::optional<ShardRecord> record(std::uint64_t shard) const;
  /// Every shard of this worker that is done or open, ascending.
  [[nodiscard]] std::vector<std::uint64_t> known_shards() const;
  /// "failed.txt"; of one of several workers "failed.2.txt".
  [[nodiscard]] std::string failed_list_name() const;
  /// "failed.parquet", in the same way; under .pixhaul/.
  [[nodiscard]] std::string failed_table_name() const;

  /// A fresh shard, or an open one with the rows an earlier run finished, less those whose image or
  /// sample bytes are missing: by their sizes, and after a restart of the machine (another boot
  /// id) by the sums of the bytes in the spool, for nothing of them was ever synced. That an
  /// image's own file has its size is taken as proof even then, which holds where the file system
  /// writes data before size (ext4's ordered mode, XFS, btrfs). Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<std::unique_ptr<OpenShard>> open_shard(std::uint64_t shard);

  struct Reopening {
    std::function<bool(const Row&)> redo{};  ///< which rows are done again
    bool grown = false;                      ///< the list has new rows of this shard
    /// Where a kept row's sample lies: in a standing file, or in `data`, where this puts it. Null
    /// where samples are files of their own. Errors end the reopening.
    std::function<Result<std::optional<DataPlace>>(const Row&, SpoolData& data)> place_of{};
  };
  /// Generation g+1 of a done shard: all its rows are finished but those `redo` chooses. The files
  /// of generation g stand until the commit. nullptr if `redo` chooses none and `grown` is false.
  /// Errors: as open_shard, and those of the callbacks.
  [[nodiscard]] Result<std::unique_ptr<OpenShard>> reopen_shard(std::uint64_t shard,
                                                                const Reopening& reopening);

  /// The shard's columns, opaque bytes: replaced whole, never synced, since the list still has
  /// them; gone when the shard is done. Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<> write_columns(std::uint64_t shard, std::string_view bytes);

  /// Begins to make a shard visible, once all its rows are finished. Quick; all that takes time is
  /// the assembly's. Errors: disk_full, output_unwritable, state_damaged.
  [[nodiscard]] Result<std::unique_ptr<Assembly>> begin_commit(std::unique_ptr<OpenShard> shard);
  /// Enters the shard of a published assembly as done. REQUIRES: it is published.
  void end_commit(std::unique_ptr<Assembly> assembly);
  /// Lets the generation that stands stay: what was done of the next is forgotten. REQUIRES: the
  /// shard is done; the assembly is not published. Errors: output_unwritable.
  [[nodiscard]] Result<> drop_commit(std::unique_ptr<Assembly> assembly);

  /// How the finished rows of a shard, done or open, ended. Errors: output_unwritable.
  struct Totals {
    std::map<ErrorCode, std::uint64_t> by_status{};
    std::uint64_t image_bytes = 0;
  };
  [[nodiscard]] Result<Totals> totals(std::uint64_t shard);
  /// Finished rows of a shard, done or open, in key order for a done one. A row that cannot be read
  /// is skipped. Errors: output_unwritable.
  enum class Which : std::uint8_t { all, unsuccessful };
  [[nodiscard]] Result<> for_each_row(std::uint64_t shard, Which which,
                                      const std::function<void(const Row&)>& visit);
  /// The rows of the generation that stands, also while another is open.
  [[nodiscard]] Result<> for_each_standing_row(std::uint64_t shard,
                                               const std::function<void(const Row&)>& visit);
  /// When the list has been read to its end, `row_count` rows and index `end` behind the last:
  /// refuses it if the folder knows rows of this list behind that, and notes where it ends. Errors:
  /// other_input, naming the first row that is missing; disk_full, output_unwritable.
  [[nodiscard]] Result<> check_end(std::uint64_t end, std::uint64_t row_count);
  /// Every row of the list has a final status: `pixhaul status` says complete. Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<> note_complete();

 private:
  struct StandingRow {
    std::uint32_t position = 0;
    std::string_view line{};
    Row* row = nullptr;  // nullptr: the line cannot be read
  };

  explicit RunFolder(RunSettings settings);

  Result<> open_state(FileSystem& files, std::string_view path);
  Result<> open_folders();
  Result<> load_shards();
  Result<> load_spools();
  Result<> load_spool_entry(const std::string& name);
  Result<> remove_orphans(Folder& folder);
  Result<> choose_part();
  [[nodiscard]] bool is_mine(std::uint64_t shard) const;
  CommitFolders folders();
  Result<> visit_standing(std::uint64_t shard,
                          const std::function<void(const StandingRow&)>& visit);
  void enter_open(std::uint64_t shard);
  Result<> expect_standing_rows(OpenShard& shard);
  static Result<> keep_row(const StandingRow& row, const Reopening& reopening, SpoolData& data,
                           std::string& spooled);
  OpenShard::Settings shard_settings(std::uint64_t shard, std::uint32_t generation);
  Result<std::string> without_lost_rows(std::uint64_t shard, std::string text);
  static Result<bool> has_size(Folder& folder, std::string_view name, std::uint64_t bytes);
  Result<> replace_spool(std::uint64_t shard, const std::string& text);

  RunSettings settings_;
  ShardLayout layout_;
  std::uint64_t free_shard_ = 0;  // behind every shard of any worker, when this was opened
  std::uint64_t first_shard_ = 0;
  std::uint64_t end_shard_ = UINT64_MAX;  // where the next list's shards begin
  std::unique_ptr<Folder> output_;
  std::unique_ptr<Folder> state_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Folder> parts_;
  std::unique_ptr<Folder> work_;
  std::unique_ptr<Folder> rows_;
  std::unique_ptr<Folder> shards_;
  std::unique_ptr<Folder> spool_;
  std::unique_ptr<Folder> columns_;
  mutable Mutex mutex_;
  std::map<std::uint64_t, ShardRecord> records_ PIXHAUL_GUARDED_BY(mutex_);
  // Those with a spool of a generation that is not done.
  std::unordered_set<std::uint64_t> open_ PIXHAUL_GUARDED_BY(mutex_);
};

}  // namespace pixhaul::ledger
