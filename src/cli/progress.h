#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/terminal.h"
#include "pixhaul/download.h"

namespace pixhaul::cli {

/// A line and the columns it takes.
struct BarLine {
  std::string text{};
  std::size_t width = 0;
};

/// "[#####.....] 19/40  52 images/s  3.1 MB/s  97% ok  12 s left  12/64 in flight, the link: 94
/// Mbit/s", narrower than `columns`: what matters least is left out first.
[[nodiscard]] BarLine bar_line(const StatsSnapshot& now, const RateWindow& rates,
                               std::size_t columns, bool has_colour);
/// One plain line with the same figures, for logs.
[[nodiscard]] std::string plain_line(const StatsSnapshot& now, const RateWindow& rates);

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
  void print(const std::string& line);

  Terminal terminal_;
  LiveLine bar_;
  ProgressStyle style_;
  LogLevel level_;
  const std::atomic<int>& statistics_wanted_;
  const std::optional<std::uint64_t> memory_bytes_;
  int statistics_given_ = 0;
  RateWindow rates_;
  double shown_at_ = -1;
  std::optional<StatsSnapshot> last_;
};

}  // namespace pixhaul::cli
