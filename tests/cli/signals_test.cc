#include "cli/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

namespace pixhaul::cli {
namespace {

TEST(Signals, TheFirstInterruptAsksToStop) {
  std::stop_source stop;
  std::mutex mutex;
  std::condition_variable_any stopped;
  const Signals signals(stop);
  ::kill(::getpid(), SIGINT);
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop.get_token(), std::chrono::seconds(20), [] { return false; });
  EXPECT_TRUE(stop.stop_requested());
}

// The child's signals are its own; the pipe's other end tells when it has seen the first.
TEST(SignalsDeathTest, TheSecondInterruptEndsAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto twice = [](int signal) {
    std::stop_source stop;
    const Signals signals(stop);
    std::mutex mutex;
    std::condition_variable_any stopped;
    ::kill(::getpid(), signal);
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop.get_token(), std::chrono::seconds(20), [] { return false; });
    ::kill(::getpid(), signal);
    for (;;) ::pause();
  };
  EXPECT_EXIT(twice(SIGINT), testing::ExitedWithCode(130), "once more to stop at once");
  EXPECT_EXIT(twice(SIGTERM), testing::ExitedWithCode(143), "once more to stop at once");
}

TEST(Signals, UserSignalsAskForStatisticsOnly) {
  std::stop_source stop;
  const Signals signals(stop);
  ::kill(::getpid(), SIGUSR1);
  while (signals.statistics_wanted() == 0) std::this_thread::yield();
  EXPECT_FALSE(stop.stop_requested());
}

TEST(Signals, ABrokenPipeIsAnErrorNotAnEnd) {
  const Signals signals{std::stop_source()};
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  ::close(ends[1]);
}

}  // namespace
}  // namespace pixhaul::cli
