#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace pixhaul::cli {
namespace {

using testing::ElementsAre;

/// Keeps each write apart, as a terminal would be handed it.
class Writes {
 public:
  explicit Writes(bool is_interactive) {
    file_ = fopencookie(this, "w", {.write = [](void* self, const char* bytes, std::size_t size) {
                          static_cast<Writes*>(self)->all.emplace_back(bytes, size);
                          return static_cast<ssize_t>(size);
                        }});
    std::setvbuf(file_, nullptr, _IONBF, 0);  // as standard error is
    terminal = {.stream = file_, .is_interactive = is_interactive};
  }
  ~Writes() { std::fclose(file_); }
  Writes(const Writes&) = delete;
  Writes& operator=(const Writes&) = delete;

  std::vector<std::string> all;
  Terminal terminal;

 private:
  std::FILE* file_ = nullptr;
};

TEST(LiveLine, EachFrameIsOneWriteThatErasesOnlyBehindItself) {
  Writes writes(true);
  LiveLine line(writes.terminal);
  line.draw("10 of 20", 8);
  line.draw("done", 4);
  line.erase();
  line.erase();
  EXPECT_THAT(writes.all, ElementsAre("\r10 of 20\x1b[J\r", "\rdone\x1b[J\r", "\r\x1b[J\r"));
}

TEST(LiveLine, TheLineIsThereAgainInTheSameWriteAsWhatIsPrintedAboveIt) {
  Writes writes(true);
  LiveLine line(writes.terminal);
  line.print_above("before");
  line.draw("bar", 3);
  line.print_above("a notice");
  line.erase();
  line.print_above("after");
  EXPECT_THAT(writes.all, ElementsAre("before\n", "\rbar\x1b[J\r",
                                      "\ra notice\x1b[J\n\rbar\x1b[J\r", "\r\x1b[J\r", "after\n"));
}

TEST(LiveLine, WhereEscapesAreNotUnderstoodBlanksCoverTheRest) {
  Writes writes(false);
  LiveLine line(writes.terminal);
  line.draw("10 of 20", 8);
  line.draw("done", 4);
  line.print_above("x");
  line.erase();
  EXPECT_THAT(writes.all,
              ElementsAre("\r10 of 20\r", "\rdone    \r", "\rx   \n\rdone\r", "\r    \r"));
}

TEST(Terminal, ItsWidthIsThatOfTheMoment) {
  int leader = -1;
  int follower = -1;
  winsize size{.ws_row = 24, .ws_col = 100};
  ASSERT_EQ(::openpty(&leader, &follower, nullptr, nullptr, &size), 0);
  const Terminal terminal{.window_descriptor = follower};
  EXPECT_EQ(terminal.columns_now(), 100u);
  size.ws_col = 31;
  ASSERT_EQ(::ioctl(leader, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(terminal.columns_now(), 31u);
  size.ws_col = 0;  // what a serial line says
  ASSERT_EQ(::ioctl(leader, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(terminal.columns_now(), 80u);
  ::close(leader);
  ::close(follower);
}

TEST(Terminal, ColumnsOfTheEnvironmentHold) {
  const Terminal terminal = standard_terminal({{"COLUMNS", "44"}, {"TERM", "xterm"}});
  EXPECT_EQ(terminal.columns, 44u);
  EXPECT_EQ(terminal.columns_now(), 44u);
}

}  // namespace
}  // namespace pixhaul::cli
