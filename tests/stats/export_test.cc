#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/clock.h"
#include "stats/fields.h"

namespace pixhaul {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StatsSnapshot running() {
  StatsSnapshot now{.seconds = 12.5,
                    .rows_total = 100,
                    .rows_done = 40,
                    .bytes_wire = 5'000,
                    .limited_by = "decoding: 2 of 2 threads busy"};
  now.by_status[static_cast<std::size_t>(ErrorCode::success)] = 30;
  now.by_status[static_cast<std::size_t>(ErrorCode::dns_not_found)] = 10;
  now.states = {.waiting = 7, .decoding = 2};
  now.latency.first_byte = {
      .count = 40, .p50_ms = 20, .p90_ms = 90, .p99_ms = 250, .max_ms = 300, .sum_ms = 1200};
  now.status_hosts = {{.status = ErrorCode::dns_not_found,
                       .count = 10,
                       .hosts = {{.host = "gone.test", .count = 9}},
                       .detail = "no such name"}};
  now.hosts = {{.origin = "http://a\"b\\\n.test",
                .condition = HostCondition::rate_limited,
                .reason = "answered 429 or 503: too many requests",
                .seconds_until_retry = 3.25,
                .in_flight = 1,
                .limit = 2,
                .first_byte_ms = 40,
                .has_rows_queued = true}};
  return now;
}

TEST(StatsJson, HasEveryFieldUnderItsOwnName) {
  const auto json = nlohmann::json::parse(stats_json(running()));
  EXPECT_EQ(json["seconds"], 12.5);
  EXPECT_EQ(json["rows_total"], 100);
  EXPECT_EQ(json["bytes_wire"], 5000);
  EXPECT_EQ(json["limited_by"], "decoding: 2 of 2 threads busy");
  EXPECT_EQ(json["by_status"], (nlohmann::json{{"success", 30}, {"dns_not_found", 10}}));
  EXPECT_EQ(json["states"]["waiting"], 7);
  EXPECT_EQ(json["states"]["decoding"], 2);
  EXPECT_EQ(json["latency"]["first_byte"]["p99_ms"], 250);
  EXPECT_EQ(json["latency"]["dns"]["count"], 0);
  EXPECT_EQ(json["status_hosts"][0]["status"], "dns_not_found");
  EXPECT_EQ(json["status_hosts"][0]["hosts"][0]["host"], "gone.test");
  EXPECT_EQ(json["status_hosts"][0]["detail"], "no such name");
  EXPECT_EQ(json["hosts"][0]["origin"], "http://a\"b\\\n.test");
  EXPECT_EQ(json["hosts"][0]["condition"], "rate_limited");
  EXPECT_EQ(json["hosts"][0]["seconds_until_retry"], 3.25);
  EXPECT_EQ(json["hosts"][0]["has_rows_queued"], true);
}

TEST(StatsJson, AnUnknownTotalIsNull) {
  EXPECT_TRUE(nlohmann::json::parse(stats_json({}))["rows_total"].is_null());
}

TEST(Events, ProgressHasTheSnapshotsFieldsAndItsOwn) {
  StatsSnapshot now = running();
  now.time =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + std::chrono::milliseconds(5);
  RateWindow rates;
  rates.add({.seconds = 10.5, .rows_done = 20, .bytes_body = 0});
  rates.add({.seconds = 12.5, .rows_done = 40, .bytes_body = 600});
  const std::string line = progress_event(now, rates);
  EXPECT_EQ(line.find('\n'), line.npos);
  auto event = nlohmann::json::parse(line);
  const auto snapshot = nlohmann::json::parse(stats_json(now));
  for (const auto& [name, value] : snapshot.items()) {
    EXPECT_EQ(event[name], value) << name;
    event.erase(name);
  }
  EXPECT_EQ(event, (nlohmann::json{{"version", 1},
                                   {"event", "progress"},
                                   {"success", 30},
                                   {"failed", 10},
                                   {"rows_per_second", 10},
                                   {"bytes_per_second", 300}}));
  EXPECT_THAT(line, HasSubstr("\"time\":\"2026-11-24T00:00:00.005Z\""));
}

TEST(Events, ANoticesTextIsEscaped) {
  const auto event = nlohmann::json::parse(notice_event({}, "a \"quoted\"\nline"));
  EXPECT_EQ(event["event"], "notice");
  EXPECT_EQ(event["text"], "a \"quoted\"\nline");
}

TEST(RateWindow, ForgetsWhatIsOlderThanTenSeconds) {
  RateWindow rates;
  EXPECT_DOUBLE_EQ(rates.rows_per_second(), 0);
  for (int second = 0; second <= 10; ++second)
    rates.add({.seconds = static_cast<double>(second), .rows_done = 30});
  EXPECT_DOUBLE_EQ(rates.rows_per_second(), 0);
  rates.add({.seconds = 20, .rows_done = 40, .bytes_body = 50});
  EXPECT_DOUBLE_EQ(rates.rows_per_second(), 1);
  EXPECT_DOUBLE_EQ(rates.bytes_per_second(), 5);
}

TEST(FailedCount, LeavesOutRefusals) {
  StatsSnapshot now = running();
  now.rows_done = 41;
  now.by_status[static_cast<std::size_t>(ErrorCode::opt_out)] = 1;
  EXPECT_EQ(failed_count(now), 10u);
  EXPECT_EQ(success_count(now), 30u);
}

TEST(StatsMetrics, SayWhenTheyWereTaken) {
  StatsSnapshot now;
  now.time = WallTime(std::chrono::milliseconds(1'790'000'000'250));
  EXPECT_THAT(stats_metrics(now), HasSubstr("pixhaul_snapshot_timestamp_seconds 1790000000.25\n"));
}

TEST(StatsMetrics, NamesFollowPrometheusConventions) {
  for (const stats::CountField& field : stats::count_fields()) {
    EXPECT_EQ(field.metric.ends_with("_total"), field.is_counter) << field.metric;
    EXPECT_EQ(field.name.starts_with("bytes_") || field.name.starts_with("memory_"),
              field.metric.find("bytes") != field.metric.npos)
        << field.metric;
  }
}

TEST(StatsMetrics, EachFamilyStandsOnceWithItsHelpAndType) {
  std::istringstream lines(stats_metrics(running()));
  std::set<std::string> typed;
  std::set<std::string> helped;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string kind;
    std::string family;
    words >> hash >> kind >> family;
    if (hash != "#") {
      EXPECT_TRUE(line.starts_with("pixhaul_")) << line;
      continue;
    }
    EXPECT_TRUE((kind == "HELP" ? helped : typed).insert(family).second) << line;
  }
  EXPECT_EQ(typed, helped);
  EXPECT_GE(typed.size(), 27u);
}

TEST(StatsMetrics, ValuesAreInBaseUnitsWithEscapedLabels) {
  const std::string text = stats_metrics(running());
  EXPECT_THAT(text, HasSubstr("pixhaul_rows_total{status=\"success\"} 30\n"));
  EXPECT_THAT(text, HasSubstr("pixhaul_received_bytes_total 5000\n"));
  EXPECT_THAT(text, HasSubstr("pixhaul_work_by_state{state=\"waiting\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("pixhaul_phase_duration_seconds_count{phase=\"first_byte\"} 40\n"));
  EXPECT_THAT(text, HasSubstr("phase=\"first_byte\",quantile=\"0.99\"} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("quantile=\"0.5\"} Nan\n")) << "no name was asked for";
  EXPECT_THAT(text, HasSubstr("host=\"http://a\\\"b\\\\\\n.test\""));
}

TEST(StatsMetrics, NoFamilyIsEmpty) {
  EXPECT_THAT(stats_metrics({}), Not(HasSubstr("host_retry_seconds")));
}

}  // namespace
}  // namespace pixhaul
