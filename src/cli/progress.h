#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>

#include "pixhaul/download.h"

namespace pixhaul::cli {

/// What the standard error stream is.
struct Terminal {
  std::FILE* stream = nullptr;  ///< not owned; outlives whoever writes to it
  bool is_interactive = false;
  bool has_colour = false;
  std::size_t columns = 80;
};

/// Rates over the last ten seconds: an average over the whole run hides that it has come to a stop.
class RateWindow {
 public:
  void add(const StatsSnapshot& now);
  [[nodiscard]] double rows_per_second() const;
  [[nodiscard]] double bytes_per_second() const;

 private:
  struct Sample {
    double seconds;
    std::uint64_t rows;
    std::uint64_t bytes;
  };
  std::deque<Sample> samples_;
};

/// Images received and rows failed, this run.
[[nodiscard]] std::uint64_t success_count(const StatsSnapshot& now);
[[nodiscard]] std::uint64_t failed_count(const StatsSnapshot& now);

/// "[#####.....] 19/40  48%  52 images/s  3.1 MB/s  97% ok  0:12 left  limit 64", at most `columns`
/// wide.
[[nodiscard]] std::string bar_line(const StatsSnapshot& now, const RateWindow& rates,
                                   const Terminal& terminal);
/// One plain line with the same figures, for logs.
[[nodiscard]] std::string plain_line(const StatsSnapshot& now, const RateWindow& rates);
/// One NDJSON event: {"version":1,"event":"progress",...}. Fields are only ever added.
[[nodiscard]] std::string json_line(const StatsSnapshot& now, const RateWindow& rates);

/// Shows a run on a stream. One thread: the one that calls download().
class Progress final : public Observer {
 public:
  /// `statistics_wanted`: set by a signal; answered with a plain line at the next report.
  /// `memory_bytes`: what the process is to stay within, if somebody said so.
  Progress(ProgressStyle style, LogLevel level, const Terminal& terminal,
           const std::atomic<int>& statistics_wanted,
           std::optional<std::uint64_t> memory_bytes = std::nullopt);

  void on_progress(const StatsSnapshot& now) override;
  void on_notice(const std::string& sentence) override;
  /// Ends the line of the bar, so that a summary can follow.
  void finish();

 private:
  void clear_bar();
  void draw_bar(const StatsSnapshot& now);

  Terminal terminal_;
  ProgressStyle style_;
  LogLevel level_;
  const std::atomic<int>& statistics_wanted_;
  const std::optional<std::uint64_t> memory_bytes_;
  int statistics_given_ = 0;
  RateWindow rates_;
  double shown_at_ = -1;
  std::optional<StatsSnapshot> last_;
  bool bar_is_drawn_ = false;
};

}  // namespace pixhaul::cli
