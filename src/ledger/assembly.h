#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ledger/commit.h"
#include "ledger/layout.h"
#include "ledger/spool.h"

namespace pixhaul::ledger {

/// A shard whose rows are all final, while its files are made and made visible: the temporaries
/// under .pixhaul/commit/ that become its files in one decision. RunFolder::begin_commit makes it
/// and RunFolder::end_commit takes it back; what happens between needs no lock of anybody's. One
/// thread; several assemblies may be under way. Destroyed unpublished it leaves temporaries that
/// the next attempt or the next run removes; the shard's rows stay in its spool.
class Assembly {
 public:
  ~Assembly();

  [[nodiscard]] std::uint64_t shard() const { return record_.shard; }
  [[nodiscard]] std::uint32_t generation() const { return record_.generation; }
  /// "00017": what the shard's files are called.
  [[nodiscard]] const std::string& name() const { return settings_.name; }
  /// Whether an earlier run left rows or images in it: its folder of images is then worth a sweep.
  [[nodiscard]] bool was_resumed() const { return was_resumed_; }

  /// All rows in order of key; their JSON stays valid as long as this.
  [[nodiscard]] std::span<const SpoolRow> rows() const { return rows_; }
  /// What this and the shard's columns take while the shard is assembled.
  [[nodiscard]] std::uint64_t memory_bytes() const;
  /// The paths of the rows' images, for a sweep.
  [[nodiscard]] std::unordered_set<std::string> paths() const;
  /// The samples' bytes; nullptr if no row has any there. Owned by this.
  [[nodiscard]] const RandomAccessFile* data() const { return data_.get(); }
  /// A file of the generation that stands, for rows whose bytes lie there. Errors:
  /// output_unwritable.
  [[nodiscard]] Result<std::unique_ptr<RandomAccessFile>> open_standing(std::string_view name);
  /// The shard's columns (RunFolder::write_columns); "" if there are none. Errors:
  /// output_unwritable.
  [[nodiscard]] Result<std::string> columns();

  /// A new file of the shard, `name` being its final one. It is only to be written to; this owns,
  /// syncs and closes it. Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<WritableFile*> create(Place place, std::string_view name);
  /// The file is complete; `crc32c` of all that was written. Errors: state_damaged if `bytes` is
  /// not its size; output_unwritable.
  [[nodiscard]] Result<> seal(Place place, std::string_view name, std::uint64_t bytes,
                              std::uint32_t crc32c);
  /// A whole small file: create, write, seal. Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<> write(Place place, std::string_view name, std::string_view text);
  /// NNNNN.jsonl: the rows' JSON, one a line. Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<> write_rows_jsonl();
  /// What is sealed so far, for the stats file.
  [[nodiscard]] std::span<const CommitFile> files() const { return record_.files; }
  /// Counts of the rows, for the stats file.
  [[nodiscard]] const ShardRecord& facts() const { return record_; }

  /// Makes every sealed file visible, and NNNNN_stats.json with `stats_text` last: commit.cc. Files
  /// of the generation before that this one lacks are removed. `images_in_place`: images lie under
  /// their final names already, unsynced (`files`). Errors: disk_full, output_unwritable,
  /// state_damaged; the shard is then as open as before, or done after recovery.
  enum class ImagesInPlace : std::uint8_t { no, yes };
  [[nodiscard]] Result<> publish(std::string input_digest, std::string_view stats_text,
                                 ImagesInPlace images_in_place);
  [[nodiscard]] bool is_published() const { return is_published_; }

 private:
  friend class RunFolder;
  struct Settings {
    CommitFolders folders{};
    const CrashPoint* crash_point = nullptr;  // the folder's
    std::string name{};
    std::vector<CommitFile> standing_files{};  // of the generation before
  };

  Assembly(Settings settings, ShardRecord record, bool was_resumed);
  Result<> load(std::uint32_t finished_count);
  Result<> sync_temporaries(ImagesInPlace images_in_place);

  Settings settings_;
  ShardRecord record_;
  bool was_resumed_ = false;
  bool is_published_ = false;
  std::string text_;  // of the spool
  std::vector<SpoolRow> rows_;
  std::unique_ptr<RandomAccessFile> data_;
  std::map<std::string, std::unique_ptr<WritableFile>> temporaries_;  // by temporary name
};

}  // namespace pixhaul::ledger
