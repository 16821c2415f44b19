#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"

namespace pixhaul::ledger {

/// What is known of a shard that is done: .pixhaul/shards/NNNNN.json.
struct ShardRecord {
  std::uint64_t shard = 0;
  std::uint32_t generation = 1;
  std::uint32_t rows = 0;
  std::uint64_t image_bytes = 0;
  std::map<ErrorCode, std::uint64_t> by_status{};
  std::string input_digest{};    ///< InputDigest of the list's rows
  std::uint64_t file_bytes = 0;  ///< of NNNNN.jsonl
  std::uint32_t file_crc = 0;    ///< crc32c of it
};

[[nodiscard]] std::string record_json(const ShardRecord& record);
/// Errors: state_damaged.
[[nodiscard]] Result<ShardRecord> parse_record(std::string_view text);

/// Called with the number of each crash point as it is passed; tests and the kill harness end the
/// process there.
using CrashPoint = std::function<void(int point)>;
inline constexpr int kCommitCrashPoints = 7;

/// The folders of a run; none is owned, all outlive the call.
struct CommitFolders {
  Folder* output = nullptr;
  Folder* work = nullptr;    ///< .pixhaul/commit
  Folder* shards = nullptr;  ///< .pixhaul/shards
  Folder* spool = nullptr;   ///< .pixhaul/spool
};

/// Makes a finished shard visible by the protocol at the head of commit.cc. `rows`: its jsonl lines
/// without ends, in key order. Fills in the file's facts of `record`. Errors: disk_full,
/// output_unwritable; the shard is then as open as before, or done after recovery.
[[nodiscard]] Result<> commit_shard(const CommitFolders& folders,
                                    std::span<const std::string_view> rows, ShardRecord& record,
                                    const CrashPoint& crash_point);

/// Finishes or undoes what a killed run left between the steps. Errors: as commit_shard.
[[nodiscard]] Result<> recover_commits(const CommitFolders& folders, const CrashPoint& crash_point);

/// Whether the record's file stands whole under its final name, by its size.
[[nodiscard]] Result<bool> is_whole(Folder& output, const ShardRecord& record);

}  // namespace pixhaul::ledger
