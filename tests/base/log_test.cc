#include "base/log.h"

#include <gtest/gtest.h>

#include <vector>

namespace pixhaul {
namespace {

class FixedClock final : public Clock {
 public:
  Instant now() const override { return {}; }
  WallTime wall_now() const override {
    return WallTime(std::chrono::milliseconds(1'795'460'917'412));
  }
};

class Lines final : public LogSink {
 public:
  void line(Severity, std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

TEST(Log, WritesOneLineAnEventUpToItsLevel) {
  const FixedClock clock;
  Lines sink;
  Log log(Severity::warning, clock, sink);
  log.write(Severity::warning, "net", "slow");
  log.write(Severity::info, "net", "not shown");
  ASSERT_EQ(sink.lines.size(), 1u);
  EXPECT_EQ(sink.lines[0], "2026-11-23T19:08:37.412Z warning net: slow");
}

TEST(Log, HostileTextCannotForgeALineOrDriveATerminal) {
  struct Case {
    std::string_view text;
    std::string_view shown;
  };
  const std::vector<Case> cases = {{"a\nb", "a\\x0ab"},
                                   {"\x1b[2J", "\\x1b[2J"},
                                   {"\x7f", "\\x7f"},
                                   {"\xff", "\\xff"},
                                   {"\xc2\x9b", "\\xc2\\x9b"},  // C1: CSI
                                   {"\xe2\x80\xae"
                                    "gpj",
                                    "\\xe2\\x80\\xaegpj"},  // right to left
                                   {"caf\xc3\xa9", "caf\xc3\xa9"}};
  for (const Case& test : cases) {
    std::string out;
    append_printable(out, test.text);
    EXPECT_EQ(out, test.shown);
  }
}

TEST(Rfc3339, TimesComeBack) {
  for (const std::int64_t ms : {0LL, 1LL, 951'782'399'999LL, 4'102'444'800'000LL}) {
    const WallTime time{std::chrono::milliseconds(ms)};
    std::string text;
    append_rfc3339(text, time);
    WallTime back;
    ASSERT_TRUE(parse_rfc3339(text, back)) << text;
    EXPECT_EQ(back, time);
  }
}

TEST(Rfc3339, OtherShapesAreRefused) {
  WallTime time;
  for (const std::string_view text :
       {"", "2026-11-23T19:08:37Z", "2026-13-23T19:08:37.412Z", "2026-02-30T19:08:37.412Z",
        "2026-11-23T24:08:37.412Z", "2026-11-23T19:08:37.412+", "2026-11-23T-1:08:37.412Z"}) {
    EXPECT_FALSE(parse_rfc3339(text, time)) << text;
  }
}

}  // namespace
}  // namespace pixhaul
