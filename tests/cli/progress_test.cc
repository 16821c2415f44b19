#include "cli/progress.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pixhaul::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

StatsSnapshot at(double seconds, std::uint64_t done, std::uint64_t failed = 0) {
  StatsSnapshot now;
  now.seconds = seconds;
  now.rows_total = 40;
  now.rows_done = done;
  now.bytes_body = done * 100'000;
  now.in_flight = 12;
  now.concurrency_limit = 64;
  now.by_status[static_cast<std::size_t>(ErrorCode::success)] = done - failed;
  now.by_status[static_cast<std::size_t>(ErrorCode::http_4xx)] = failed;
  return now;
}

RateWindow window(std::initializer_list<StatsSnapshot> snapshots) {
  RateWindow rates;
  for (const StatsSnapshot& now : snapshots) rates.add(now);
  return rates;
}

/// Collects what a Progress writes.
class Screen {
 public:
  Screen() : file_(open_memstream(&text_, &size_)) {}
  ~Screen() {
    std::fclose(file_);
    std::free(text_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  Terminal terminal() { return {.stream = file_, .columns = 100}; }
  std::string text() {
    std::fflush(file_);
    return std::string(text_, size_);
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

TEST(ProgressBar, ShowsDoneRatesShareAndTimeLeft) {
  const RateWindow rates = window({at(0, 0), at(2, 20, 1)});
  EXPECT_EQ(
      bar_line(at(2, 20, 1), rates, 120, false).text,
      "[##########..........] 20/40  10 images/s  1.0 MB/s  95% ok  2.0 s left  12/64 in flight");
}

TEST(ProgressBar, NeverReachesTheLastColumnAndNeverCutsAFigure) {
  StatsSnapshot now = at(2, 20);
  now.limited_by = "3 hosts at their own rate";
  const RateWindow rates = window({at(0, 0), now});
  const std::string whole = bar_line(now, rates, 200, false).text;
  for (std::size_t columns = 1; columns < 130; ++columns) {
    const BarLine line = bar_line(now, rates, columns, false);
    EXPECT_EQ(line.text.size(), line.width);
    EXPECT_LT(line.width, std::max<std::size_t>(columns, 2)) << columns;
    if (columns < 6) continue;
    for (std::size_t end = 0, begin = 0; end != line.text.npos; begin = end + 2) {
      end = line.text.find("  ", begin);
      EXPECT_THAT(whole, HasSubstr(line.text.substr(begin, end - begin))) << columns;
    }
  }
}

TEST(ProgressBar, LeavesOutWhatMattersLeast) {
  StatsSnapshot now = at(2, 20);
  now.limited_by = "--limit_rate";
  const RateWindow rates = window({at(0, 0), now});
  const auto text = [&](std::size_t columns) { return bar_line(now, rates, columns, false).text; };
  EXPECT_EQ(text(80), "[##########..........] 20/40  10 images/s  1.0 MB/s  100% ok  2.0 s left");
  EXPECT_EQ(text(60), "20/40  10 images/s  100% ok  2.0 s left");
  EXPECT_EQ(text(20), "20/40  2.0 s left");
  EXPECT_EQ(text(8), "20/40");
  EXPECT_EQ(text(4), "20/");
}

TEST(ProgressBar, SaysThatTheTotalIsUnknown) {
  StatsSnapshot now = at(2, 20);
  now.rows_total.reset();
  now.rows_read = 5000;
  const std::string line = bar_line(now, window({at(0, 0), now}), 100, false).text;
  EXPECT_THAT(line, HasSubstr("20 of 5000+"));
  EXPECT_THAT(line, Not(HasSubstr("left")));
}

TEST(ProgressBar, ColoursOnlyWhenAskedAndColoursTakeNoColumns) {
  const BarLine plain = bar_line(at(1, 10), {}, 80, false);
  const BarLine coloured = bar_line(at(1, 10), {}, 80, true);
  EXPECT_THAT(plain.text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(coloured.text, HasSubstr("\x1b[32m#####\x1b[0m"));
  EXPECT_EQ(coloured.width, plain.text.size());
}

TEST(Progress, RedrawsABarAtMostFourTimesASecond) {
  Screen screen;
  const std::atomic<int> wanted = 0;
  Progress progress(ProgressStyle::bar, LogLevel::warning, screen.terminal(), wanted);
  for (int i = 0; i <= 100; ++i) progress.on_progress(at(i / 100.0, 10));
  const std::string text = screen.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '['), 5);
}

TEST(Progress, WritesAPlainLineEveryTenSeconds) {
  Screen screen;
  const std::atomic<int> wanted = 0;
  Progress progress(ProgressStyle::automatic, LogLevel::warning, screen.terminal(), wanted);
  for (int i = 0; i <= 25; ++i) progress.on_progress(at(i, 10));
  const std::string text = screen.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, HasSubstr("10 s: 10/40 done, 0 failed"));
}

TEST(Progress, ASignalAsksForALineEvenWhenSilent) {
  Screen screen;
  std::atomic<int> wanted = 0;
  Progress progress(ProgressStyle::none, LogLevel::error, screen.terminal(), wanted);
  progress.on_progress(at(1, 10));
  EXPECT_EQ(screen.text(), "");
  wanted = 1;
  progress.on_progress(at(2, 10));
  progress.on_progress(at(3, 10));
  EXPECT_THAT(screen.text(), HasSubstr("2.0 s: 10/40 done"));
  EXPECT_THAT(screen.text(), Not(HasSubstr("3.0 s")));
}

TEST(Progress, NoticesBreakTheBarAndAreLeftOutWhenQuiet) {
  Screen screen;
  const std::atomic<int> wanted = 0;
  Progress progress(ProgressStyle::bar, LogLevel::warning, screen.terminal(), wanted);
  progress.on_progress(at(1, 10));
  const std::string frame = screen.text();
  progress.on_notice("limits were lowered");
  const std::string notice = "pixhaul: limits were lowered";
  const std::string blanks(frame.size() - 2 - notice.size(), ' ');
  EXPECT_EQ(screen.text(), frame + "\r" + notice + blanks + "\n" + frame);
  Screen quiet;
  Progress silent(ProgressStyle::none, LogLevel::error, quiet.terminal(), wanted);
  silent.on_notice("limits were lowered");
  EXPECT_EQ(quiet.text(), "");
}

}  // namespace
}  // namespace pixhaul::cli
