#include "cli/requests_twin.h"

#include <gmock/gmock.h>

namespace pixhaul::cli {
namespace {

TEST(RequestsTwin, TheScriptIsInside) {
  EXPECT_NE(requests_twin_text().find("import requests"), std::string_view::npos);
}

TEST(RequestsTwin, AnswersAreAddedToTheCell) {
  CompareCell cell;
  ASSERT_TRUE(
      add_twin_round(R"({"seconds": 0.5, "cpu_seconds": 0.1, "failed": 1, "bytes": 20})", cell));
  ASSERT_TRUE(
      add_twin_round(R"({"seconds": 0.25, "cpu_seconds": 0.1, "failed": 0, "bytes": 30})", cell));
  EXPECT_THAT(cell.seconds, testing::ElementsAre(0.5, 0.25));
  EXPECT_EQ(cell.failed, 1u);
  EXPECT_EQ(cell.bytes, 50u);
}

TEST(RequestsTwin, AnythingElseIsRefused) {
  for (std::string_view line : {"", "Traceback", "[]", "{}", R"({"error": "unknown command"})",
                                R"({"seconds": "x", "cpu_seconds": 0, "failed": 0, "bytes": 0})"}) {
    CompareCell cell;
    EXPECT_FALSE(add_twin_round(line, cell)) << line;
    EXPECT_TRUE(cell.seconds.empty());
  }
}

TEST(RequestsTwin, WithoutPythonTheReasonIsASentence) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const auto twin = RequestsTwin::start({"http://127.0.0.1/a.jpg"}, "");
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(twin);
  EXPECT_THAT(twin.error().detail, testing::HasSubstr("needs python3 with the requests package"));
}

// Nothing listens on port 1 of the loopback address, so every image fails: the whole way there and
// back is walked.
TEST(RequestsTwin, ARoundGoesToPythonAndBack) {
  auto twin = RequestsTwin::start({"http://127.0.0.1:1/a.jpg"}, "");
  if (!twin) GTEST_SKIP() << twin.error().detail;
  CompareCell cell{.connection = ConnectionMode::reuse, .body = BodyMode::buffer, .images = 3};
  const Result<> ran = twin->run_round(cell);
  ASSERT_TRUE(ran) << ran.error().detail;
  EXPECT_EQ(cell.failed, 3u);
  EXPECT_EQ(cell.seconds.size(), 1u);
}

}  // namespace
}  // namespace pixhaul::cli
