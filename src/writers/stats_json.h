#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/summed_file.h"
#include "pixhaul/result.h"

namespace pixhaul::writers {

/// A file of a shard, beside its stats.
struct StatsFile {
  std::string name{};  ///< "00017.tar"
  FileFacts facts{};
};

/// NNNNN_stats.json: img2dataset 1.47's fields (logger.py, write_stats), and ours under "pixhaul".
struct ShardStats {
  std::uint64_t count = 0;
  std::uint64_t successes = 0;
  std::uint64_t failed_to_download = 0;
  std::uint64_t failed_to_resize = 0;
  double start_time = 0;  ///< seconds since 1970
  double end_time = 0;
  std::map<std::string, std::uint64_t> status_dict{};  ///< "success" and each error message
  // Of ours.
  std::string version{};
  std::uint32_t generation = 1;
  std::vector<StatsFile> files{};
  std::string input_digest{};
  std::map<ErrorCode, std::uint64_t> by_status{};
};

/// Laid out as json.dumps(indent=4) does. `duration` is the difference of the times.
[[nodiscard]] std::string stats_json(const ShardStats& stats);

}  // namespace pixhaul::writers
