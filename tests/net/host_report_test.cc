#include "net/host_report.h"

#include <gmock/gmock.h>

#include "net/fetch_rig.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<HostReport> reports(FetchRig& rig) {
  std::vector<HostReport> found;
  (void)rig.fetcher->take_host_reports(found);
  return found;
}

SimServer answering(int status, Duration takes, std::string headers = {}) {
  return {.handler = [status, takes, headers](const SimRequest& request) {
    return reply(status, request.target, headers, takes);
  }};
}

void submit(FetchRig& rig, const std::string& host, int count) {
  for (int i = 0; i < count; ++i) rig.submit("http://" + host + "/" + std::to_string(i));
}

TEST(HostReport, ARateLimitedHostSaysWhenItIsAskedAgain) {
  FetchRig rig;
  rig.serve("limited.test", "93.184.216.1",
            answering(429, milliseconds(10), "Retry-After: 30\r\n"));
  submit(rig, "limited.test", 5);
  rig.run_for(seconds(3));
  const auto found = reports(rig);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].origin, "http://limited.test");
  EXPECT_EQ(found[0].condition, HostCondition::rate_limited);
  EXPECT_GT(found[0].seconds_until_retry, 20);
  EXPECT_LE(found[0].seconds_until_retry, 36);
  EXPECT_TRUE(found[0].has_rows_queued);
}

TEST(HostReport, TheSlowestHostsComeFirstAndQuickOnesAfterThem) {
  FetchRig rig;
  rig.serve("slow.test", "93.184.216.1", answering(200, milliseconds(700)));
  rig.serve("quick.test", "93.184.216.2", answering(200, milliseconds(30)));
  submit(rig, "slow.test", 100);
  submit(rig, "quick.test", 1000);
  rig.run_for(milliseconds(3500));
  const auto found = reports(rig);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].origin, "http://slow.test");
  EXPECT_EQ(found[0].condition, HostCondition::slow);
  EXPECT_GE(found[0].first_byte_ms, 700);
  EXPECT_GE(found[0].in_flight, 1u);
  EXPECT_LT(found[1].first_byte_ms, 100);
}

TEST(HostReport, NewsAreGivenOnce) {
  FetchRig rig;
  rig.serve("slow.test", "93.184.216.1", answering(200, milliseconds(500)));
  submit(rig, "slow.test", 100);
  rig.run_for(milliseconds(2500));
  std::vector<HostReport> found;
  EXPECT_TRUE(rig.fetcher->take_host_reports(found));
  EXPECT_FALSE(rig.fetcher->take_host_reports(found));
}

TEST(HostReport, TransfersAreCountedByState) {
  FetchRig rig;
  rig.serve("slow.test", "93.184.216.1", answering(200, seconds(5)));
  submit(rig, "slow.test", 10);
  rig.run_for(seconds(1));
  const StateCounts states = rig.fetcher->counters().states;
  EXPECT_EQ(states.waiting, 2u) << "what an unknown host is sent at once";
  EXPECT_EQ(states.reading + states.connecting + states.resolving, 0u);
}

TEST(HostReport, TroubleComesBeforeSlowness) {
  std::vector<HostReport> all = {
      {.origin = "a", .condition = HostCondition::slow, .first_byte_ms = 900},
      {.origin = "b", .condition = HostCondition::down},
      {.origin = "c", .condition = HostCondition::slow, .first_byte_ms = 950},
      {.origin = "d", .condition = HostCondition::parked},
      {.origin = "e", .condition = HostCondition::parked, .has_rows_queued = true}};
  net::sort_reports(all);
  std::string order;
  for (const HostReport& report : all) order += report.origin;
  EXPECT_EQ(order, "bedca");
}

}  // namespace
}  // namespace pixhaul::testing
