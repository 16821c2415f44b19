#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/input.h"
#include "pixhaul/options.h"
#include "pixhaul/outcome.h"
#include "pixhaul/stats.h"

namespace pixhaul {

/// Watches a run. Every call comes from the thread that called download(), one at a time.
class Observer {
 public:
  virtual ~Observer() = default;
  /// About four times a second, and once at the end.
  virtual void on_progress(const StatsSnapshot& /*now*/) {}
  /// A sentence the user should see once: limits that were lowered, a missing contact.
  virtual void on_notice(const std::string& /*sentence*/) {}
};

/// Why a run ended before its list did.
enum class Stopped : std::uint8_t {
  no,
  interrupted,
  max_rows,
  max_errors,
  max_bytes,
  max_duration
};

/// "max_rows"; "" for `no`.
[[nodiscard]] std::string_view name(Stopped stopped);

/// Failed rows with the same reason: a line of the summary.
struct FailureGroup {
  ErrorCode status = ErrorCode::internal;
  std::uint16_t http_status = 0;
  bool transient = false;  ///< some of its rows may pass on another try
  std::string detail{};    ///< set when all rows of the group share it
  std::uint64_t count = 0;
  std::vector<std::string> hosts{};  ///< the most frequent, at most 3
  std::uint64_t host_count = 0;
  std::string first_input{};  ///< where the first one stands
  std::uint64_t first_line = 0;
  std::string first_url{};
};

/// What a run did.
struct Summary {
  StatsSnapshot stats{};
  Stopped stopped = Stopped::no;
  bool network_down = false;  ///< nothing succeeded and every failure is DNS or connect
  std::uint64_t rows = 0;     ///< of the whole output, earlier runs included
  std::uint64_t images = 0;
  std::uint64_t image_bytes = 0;
  std::uint64_t failed = 0;  ///< rows refused by policy or filter are not failures
  std::uint64_t refused = 0;
  std::vector<FailureGroup> failures{};
  std::string output_folder{};
  std::string shards{};       ///< of a dataset, as loaders take them: "out/{00000..00012}.tar"
  std::string failed_list{};  ///< path of failed.txt, "" if nothing failed
  /// Path of a dataset's failed.parquet: failed rows with all columns of their list; "" without.
  std::string failed_table{};
  /// What one cause did to many rows, in sentences with the option that would help.
  std::vector<std::string> diagnosis{};
  std::optional<std::uint64_t>
      estimated_rows{};  ///< after max_rows: extrapolated to the whole list
  std::optional<double> estimated_seconds{};
  std::optional<std::uint64_t> estimated_bytes{};
};

/// What a run would do; no network is touched.
struct Plan {
  std::uint64_t rows = 0;
  std::uint64_t hosts = 0;
  std::uint64_t bad_rows = 0;
  std::vector<std::string> first_bad{};  ///< "line 3: 'www.x.org/a.jpg' lacks http:// or https://"
  std::vector<std::string> top_hosts{};  ///< "img.example.org 1204"
};

/// Downloads the lists of `options` into its output folder and continues a run that stands there.
/// Blocks; installs no signal handlers, keeps no globals: two runs may share a process.
/// `stop`: ask once to finish what is in flight (at most 5 s), commit and return
/// `Stopped::interrupted`. Errors: bad_option, input_unreadable, output_unwritable, disk_full,
/// other_input, output_busy, state_damaged.
[[nodiscard]] Result<Summary> download(const Options& options, Observer& observer,
                                       std::stop_token stop = {});

/// The same over rows that the calling program makes; url_list has to be empty then. A folder is
/// continued when the same rows come again, in their order.
[[nodiscard]] Result<Summary> download(const Options& options, const Input& input,
                                       Observer& observer, std::stop_token stop = {});

/// Reads the lists only. Errors: bad_option, input_unreadable.
[[nodiscard]] Result<Plan> plan(const Options& options);

}  // namespace pixhaul
