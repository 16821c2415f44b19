#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pixhaul::ledger {

/// Where a shard's file stands when it is done.
enum class Place : std::uint8_t {
  output,  ///< OUT
  rows,    ///< OUT/.pixhaul/rows
};

/// One file of a shard.
struct CommitFile {
  Place place = Place::output;
  std::string name{};  ///< final name: "00017.tar"
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
};

/// What is known of a shard that is done: .pixhaul/shards/NNNNN.json, and the decision of a commit.
struct ShardRecord {
  std::uint64_t shard = 0;
  /// 1, and one more each time the shard is rewritten; 0 for a shard another program made, of which
  /// only the counts are known.
  std::uint32_t generation = 1;
  std::uint32_t rows = 0;
  std::uint64_t image_bytes = 0;
  std::map<ErrorCode, std::uint64_t> by_status{};
  std::string input_digest{};          ///< InputDigest of the list's rows; "" when unknown
  std::string attempt{};               ///< whose files these are: CommitFolders::attempt
  std::vector<CommitFile> files{};     ///< all but the stats
  CommitFile stats{};                  ///< NNNNN_stats.json, the last to become visible
  std::vector<CommitFile> replaced{};  ///< files of the generation before that this one lacks;
                                       ///< in decisions only
};

[[nodiscard]] std::string record_json(const ShardRecord& record);
/// Errors: state_damaged.
[[nodiscard]] Result<ShardRecord> parse_record(std::string_view text);

/// Called with the number of each crash point as it is passed; tests and the kill harness end the
/// process there.
using CrashPoint = std::function<void(int point)>;
inline constexpr int kCommitCrashPoints = 10;

/// The folders of a run; none is owned, all outlive the call.
struct CommitFolders {
  Folder* output = nullptr;
  Folder* rows = nullptr;     ///< .pixhaul/rows
  Folder* work = nullptr;     ///< .pixhaul/commit
  Folder* shards = nullptr;   ///< .pixhaul/shards
  Folder* spool = nullptr;    ///< .pixhaul/spool
  Folder* columns = nullptr;  ///< .pixhaul/columns
  /// Letters and digits that no other run has, where the lock does not keep other machines' runs
  /// out (object stores); "" where it does.
  std::string attempt{};
};

/// What a shard's file is called in .pixhaul/commit until it is visible.
[[nodiscard]] std::string temporary_name(const ShardRecord& record, Place place,
                                         std::string_view name);

/// Makes a shard visible by the protocol at the head of commit.cc, from step 3 on: its temporaries,
/// those of `record.files` and of `record.stats`, are durable. Errors: disk_full,
/// output_unwritable; the shard is then as open as before, or done after recovery; output_busy,
/// when another attempt was first.
[[nodiscard]] Result<> publish_shard(const CommitFolders& folders, ShardRecord& record,
                                     const CrashPoint& crash_point);

/// Finishes or undoes what a killed run left between the steps, in the shards that `is_mine`
/// chooses. Errors: as publish_shard.
[[nodiscard]] Result<> recover_commits(const CommitFolders& folders,
                                       const std::function<bool(std::uint64_t shard)>& is_mine,
                                       const CrashPoint& crash_point);

/// Whether all files of the record and its stats stand under their final names with their sizes.
[[nodiscard]] Result<bool> is_whole(const CommitFolders& folders, const ShardRecord& record);

}  // namespace pixhaul::ledger
