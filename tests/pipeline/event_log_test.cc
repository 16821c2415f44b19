#include "pipeline/event_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/fake_clock.h"

namespace pixhaul::pipeline {
namespace {

using Json = nlohmann::json;

/// Keeps what is written, until it is to fail.
class Paper final : public WritableFile {
 public:
  struct Facts {
    std::string text{};
    int writes = 0;
    bool is_full = false;
  };
  explicit Paper(Facts& facts) : facts_(facts) {}
  Result<> write(std::span<const std::byte> bytes) override {
    ++facts_.writes;
    if (facts_.is_full) return std::unexpected(Error{.code = ErrorCode::disk_full});
    facts_.text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<> sync() override { return {}; }
  Result<> close() override { return {}; }

 private:
  Facts& facts_;
};

std::vector<Json> lines(const std::string& text) {
  std::vector<Json> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(Json::parse(line));
  return all;
}

Row failed_row() {
  Row row{.key = "000000007", .url = "http://a.test/\n\x1b", .outcome = {}};
  row.outcome.status = ErrorCode::http_4xx;
  row.outcome.http_status = 404;
  return row;
}

TEST(EventLog, WaitsForTheNextReportAndThenWritesOnce) {
  Paper::Facts paper;
  const testing::FakeClock clock;
  EventLog log(std::make_unique<Paper>(paper), clock);
  for (int i = 0; i < 20; ++i) log.row_failed(failed_row());
  EXPECT_EQ(paper.writes, 0);
  log.progress({.seconds = 1});
  EXPECT_EQ(paper.writes, 1);
  const auto events = lines(paper.text);
  ASSERT_EQ(events.size(), 21u);
  EXPECT_EQ(events[0]["event"], "row_failed");
  EXPECT_EQ(events[0]["row"]["http_status"], 404);
  EXPECT_EQ(events[0]["row"]["url"], "http://a.test/\n\x1b");
  EXPECT_EQ(events[20]["event"], "progress");
}

TEST(EventLog, HandsOverWhatIsMoreThan64KiB) {
  Paper::Facts paper;
  const testing::FakeClock clock;
  EventLog log(std::make_unique<Paper>(paper), clock);
  const std::string sentence(1000, 'x');
  for (int i = 0; i < 70; ++i) log.notice(sentence);
  EXPECT_EQ(paper.writes, 1);
  EXPECT_GE(paper.text.size(), 64u << 10);
}

TEST(EventLog, ProgressComesOnceASecondAndAtTheEnd) {
  Paper::Facts paper;
  const testing::FakeClock clock;
  EventLog log(std::make_unique<Paper>(paper), clock);
  for (int quarter = 0; quarter <= 10; ++quarter) log.progress({.seconds = quarter / 4.0});
  EXPECT_EQ(lines(paper.text).size(), 3u);
  log.progress({.seconds = 2.5}, true);
  EXPECT_EQ(lines(paper.text).size(), 4u);
}

TEST(EventLog, WhatWaitsIsWrittenBeforeItGoes) {
  Paper::Facts paper;
  const testing::FakeClock clock;
  {
    EventLog log(std::make_unique<Paper>(paper), clock);
    log.run_finished(
        {.stopped = Stopped::max_rows, .failures = {{.status = ErrorCode::truncated}}});
  }
  const auto events = lines(paper.text);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["stopped"], "max_rows");
  EXPECT_EQ(events[0]["failures"][0]["status"], "truncated");
  EXPECT_TRUE(events[0]["failures"][0]["http_status"].is_null());
}

TEST(EventLog, AFailureIsGivenOnceAndEndsTheLog) {
  Paper::Facts paper{.is_full = true};
  const testing::FakeClock clock;
  EventLog log(std::make_unique<Paper>(paper), clock);
  log.progress({.seconds = 1});
  const auto failure = log.take_failure();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, ErrorCode::disk_full);
  EXPECT_FALSE(log.take_failure());
  paper.is_full = false;
  log.progress({.seconds = 5});
  EXPECT_EQ(paper.text, "") << "half a log would look like a whole one";
}

}  // namespace
}  // namespace pixhaul::pipeline
