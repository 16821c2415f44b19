#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "ledger/commit.h"
#include "ledger/parts.h"
#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

/// A folder's state as it lies there, read without its lock: what `verify` and `status` look at.
struct FolderState {
  struct Shard {
    std::string name{};  ///< "00017"
    ShardRecord record{};
    double start_time = 0;  ///< seconds since the epoch, from the stats; 0 when unknown
    double end_time = 0;
    std::string problem{};  ///< why it does not count as done although it should; "" if it does
    std::string problem_file{};
  };
  std::vector<Shard> shards{};  ///< with a record or a stats file, ascending
  struct Open {
    std::uint64_t shard = 0;
    std::map<ErrorCode, std::uint64_t> by_status{};
    std::uint64_t image_bytes = 0;
  };
  std::vector<Open> open{};
  std::vector<Part> parts{};
  std::uint32_t samples_per_shard = 0;  ///< 0 when unknown
  std::string running{};                ///< "process 1234", "" for none
  [[nodiscard]] bool is_complete() const;
};

/// Errors: input_unreadable if there is no such folder or it has no shard and no state.
[[nodiscard]] Result<FolderState> read_state(FileSystem& files, std::string_view path);

struct AuditProblem {
  std::string path{};
  std::string what{};
};

/// What an audit needs of other layers. An Error's detail is the problem's text.
struct AuditChecks {
  /// Walks the members of a shard's file and gives how many samples it holds.
  std::function<Result<std::uint64_t>(const CommitFile& file, const RandomAccessFile& bytes)>
      members{};
  /// Looks at the image of a row whose image is a file of its own.
  std::function<Result<>(const Row& row, const RandomAccessFile& bytes)> image{};
};

struct AuditReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;
  std::uint64_t problem_count = 0;
  std::vector<AuditProblem> problems{};  ///< the first 100
};

/// Compares every file of the done shards with its record: size, sum, members; and the images that
/// are files of their own with their rows. Errors: input_unreadable.
[[nodiscard]] Result<AuditReport> audit(FileSystem& files, std::string_view path,
                                        const FolderState& state, const AuditChecks& checks);

}  // namespace pixhaul::ledger
