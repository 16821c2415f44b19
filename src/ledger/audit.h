#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "ledger/done_shards.h"
#include "ledger/parts.h"
#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

/// A folder's state as it lies there, read without its lock and without changing anything: what
/// `verify` and `status` look at.
struct FolderState {
  struct Open {
    std::uint64_t shard = 0;
    std::map<ErrorCode, std::uint64_t> by_status{};
    std::uint64_t image_bytes = 0;
  };
  int shard_digits = kShardDigits;
  std::vector<DoneShard> shards{};  ///< with a stats file, ascending; some may have a problem
  std::vector<Open> open{};         ///< the others that have finished rows
  std::vector<Part> parts{};        ///< none in a folder that pixhaul did not make
  std::vector<int> processes{};     ///< that hold the folder or held it last
  [[nodiscard]] bool is_complete() const;
};

/// Errors: input_unreadable if there is no such folder or neither pixhaul nor img2dataset made it;
/// output_unwritable if it cannot be read.
[[nodiscard]] Result<FolderState> read_state(FileSystem& files, std::string_view path);

struct AuditProblem {
  std::string path{};  ///< relative to the folder
  std::string what{};
};

/// What an audit needs of other layers; null: not looked at. An error's detail is what the report
/// says.
struct AuditChecks {
  /// Walks a shard's file and gives how many samples it holds; nullopt for a file without samples.
  std::function<Result<std::optional<std::uint64_t>>(const std::string& name,
                                                     const RandomAccessFile& file)>
      members{};
  /// Looks into an image that is a file of its own.
  std::function<Result<>(std::span<const std::byte> image)> image{};
};

struct AuditReport {
  static constexpr std::size_t kShown = 100;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;
  std::uint64_t problem_count = 0;
  std::vector<AuditProblem> problems{};  ///< the first kShown
};

/// Compares every file of the done shards with what was recorded when it was made: size, sum,
/// members, and images that are files of their own with their rows, by size and digest. Errors:
/// as read_state.
[[nodiscard]] Result<AuditReport> audit(FileSystem& files, std::string_view path,
                                        const FolderState& state, const AuditChecks& checks);

}  // namespace pixhaul::ledger
