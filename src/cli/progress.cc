// The same figures three ways: a bar that redraws its line at most four times a second, a plain
// line every ten seconds for logs, and NDJSON for machines. Time is the snapshot's own, so that a
// test needs no clock.
#include "cli/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "cli/allocator.h"

namespace pixhaul::cli {
namespace {

constexpr double kBarInterval = 0.25;
constexpr double kLineInterval = 10;
constexpr double kJsonInterval = 1;

// "" while the end of the list is unknown or nothing has been finished yet.
std::string time_left(const StatsSnapshot& now, const RateWindow& rates) {
  const std::uint64_t done = now.rows_done + now.rows_resumed;
  if (!now.rows_total || rates.rows_per_second() <= 0 || done > *now.rows_total) return "";
  return duration_words(static_cast<double>(*now.rows_total - done) / rates.rows_per_second());
}

std::string success_share(const StatsSnapshot& now) {
  if (now.rows_done == 0) return "";
  // Rounded down: 100 % is said only when it is true.
  return fmt::format("{}% ok", success_count(now) * 100 / now.rows_done);
}

std::string done_of_total(const StatsSnapshot& now) {
  const std::uint64_t done = now.rows_done + now.rows_resumed;
  if (now.rows_total) return fmt::format("{}/{}", count_words(done), count_words(*now.rows_total));
  return fmt::format("{} of {}+", count_words(done), count_words(std::max(now.rows_read, done)));
}

/// One figure of a line; of those that do not fit, the highest rank goes first.
struct Figure {
  int rank;
  std::string text;
  std::string_view before = "  ";  ///< between it and the one on its left
};

std::vector<Figure> figures(const StatsSnapshot& now, const RateWindow& rates) {
  std::vector<Figure> all;
  all.push_back({2, fmt::format("{:.0f} images/s", rates.rows_per_second())});
  all.push_back({5, fmt::format("{}/s", bytes_words(rates.bytes_per_second()))});
  if (std::string share = success_share(now); !share.empty()) all.push_back({3, std::move(share)});
  if (const std::string left = time_left(now, rates); !left.empty())
    all.push_back({1, fmt::format("{} left", left)});
  all.push_back({6, fmt::format("{}/{} in flight", now.in_flight, now.concurrency_limit)});
  if (!now.limited_by.empty()) all.push_back({7, now.limited_by, ", "});
  return all;
}

std::size_t width_of(const std::vector<Figure>& line) {
  std::size_t width = 0;
  for (const Figure& figure : line)
    width += figure.text.size() + (width == 0 ? 0 : figure.before.size());
  return width;
}

std::string joined(const std::vector<Figure>& line) {
  std::string text;
  for (const Figure& figure : line)
    text.append(text.empty() ? "" : figure.before).append(figure.text);
  return text;
}

constexpr std::size_t kCells = 20;
constexpr int kBarRank = 4;

std::string drawn_bar(double share, bool has_colour) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kCells);
  const std::string filled(full, '#');
  const std::string rest(kCells - full, '.');
  if (!has_colour || full == 0) return fmt::format("[{}{}]", filled, rest);
  return fmt::format("[\x1b[32m{}\x1b[0m{}]", filled, rest);
}

}  // namespace

BarLine bar_line(const StatsSnapshot& now, const RateWindow& rates, std::size_t columns,
                 bool has_colour) {
  // One column stays free: a full line makes some terminals scroll.
  const std::size_t room = columns > 1 ? columns - 1 : 1;
  std::vector<Figure> line;
  const std::uint64_t total = now.rows_total.value_or(0);
  if (total != 0) line.push_back({kBarRank, std::string(kCells + 2, ' ')});  // its place
  line.push_back({0, done_of_total(now), " "});
  std::ranges::move(figures(now, rates), std::back_inserter(line));
  while (width_of(line) > room && line.size() > 1)
    line.erase(std::ranges::max_element(line, {}, &Figure::rank));
  BarLine result{.text = joined(line).substr(0, room)};
  result.width = result.text.size();
  if (total != 0 && line.front().rank == kBarRank) {
    const auto done = static_cast<double>(now.rows_done + now.rows_resumed);
    result.text.replace(0, kCells + 2, drawn_bar(done / static_cast<double>(total), has_colour));
  }
  return result;
}

std::string plain_line(const StatsSnapshot& now, const RateWindow& rates) {
  return fmt::format("{}: {} done, {} failed, {}", duration_words(now.seconds), done_of_total(now),
                     count_words(failed_count(now)), joined(figures(now, rates)));
}

Progress::Progress(ProgressStyle style, LogLevel level, const Terminal& terminal,
                   const std::atomic<int>& statistics_wanted,
                   std::optional<std::uint64_t> memory_bytes)
    : terminal_(terminal),
      bar_(terminal),
      style_(style),
      level_(level),
      statistics_wanted_(statistics_wanted),
      memory_bytes_(memory_bytes) {
  if (style_ == ProgressStyle::automatic)
    style_ = terminal.is_interactive ? ProgressStyle::bar : ProgressStyle::plain;
}

void Progress::on_progress(const StatsSnapshot& now) {
  if (memory_bytes_) trim_allocator(*memory_bytes_);
  rates_.add(now);
  last_ = now;
  if (const int wanted = statistics_wanted_; wanted != statistics_given_) {
    statistics_given_ = wanted;
    print(plain_line(now, rates_));
  }
  const double interval = style_ == ProgressStyle::bar    ? kBarInterval
                          : style_ == ProgressStyle::json ? kJsonInterval
                                                          : kLineInterval;
  // A plain log says nothing about runs shorter than its interval: their summary follows at once.
  if (shown_at_ < 0 && style_ == ProgressStyle::plain) shown_at_ = 0;
  if (shown_at_ >= 0 && now.seconds - shown_at_ < interval) return;
  shown_at_ = now.seconds;
  if (style_ == ProgressStyle::plain) print(plain_line(now, rates_));
  if (style_ == ProgressStyle::json) print(progress_event(now, rates_));
  if (style_ == ProgressStyle::bar) {
    BarLine line = bar_line(now, rates_, terminal_.columns_now(), terminal_.has_colour);
    bar_.draw(std::move(line.text), line.width);
  }
}

void Progress::on_notice(const std::string& sentence) {
  if (level_ == LogLevel::error) return;
  if (style_ == ProgressStyle::json) {
    print(notice_event(std::chrono::system_clock::now(), sentence));
  } else {
    print(fmt::format("pixhaul: {}", sentence));
  }
}

// A program that reads events learns how the run ended from the last of them.
void Progress::finish() {
  bar_.erase();
  if (style_ == ProgressStyle::json && last_ && last_->seconds > shown_at_)
    print(progress_event(*last_, rates_));
}

void Progress::print(const std::string& line) { bar_.print_above(line); }

}  // namespace pixhaul::cli
