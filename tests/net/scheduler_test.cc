#include "net/scheduler.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pixhaul::net {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

class SchedulerTest : public ::testing::Test {
 protected:
  void add(const std::string& text) { scheduler_.add(job(text), now_); }
  Job job(const std::string& text) {
    return {.id = ++last_id_, .url = parse_url("http://" + text).value()};
  }
  // Starts the next job and gives its URL; "" when nobody may start.
  std::string start() {
    Host* host = scheduler_.next(now_);
    if (host == nullptr) return {};
    const Job taken = scheduler_.take_job(*host);
    scheduler_.count_start(*host, now_);
    scheduler_.update(*host, now_);
    return std::string(taken.url.host()) + std::string(taken.url.target());
  }
  std::vector<std::string> start_all() {
    std::vector<std::string> started;
    for (std::string next = start(); !next.empty(); next = start()) started.push_back(next);
    return started;
  }
  Host& host(const std::string& name) {
    return scheduler_.host_of(parse_url("http://" + name + "/").value());
  }
  void finish(const std::string& name) {
    host(name).throttle.on_success(now_, 1ms);
    scheduler_.update(host(name), now_);
  }

  SchedulerSettings settings_{.host = {.start = 2, .max = 2}, .address = {.start = 2, .max = 2}};
  Random random_{1};
  Scheduler scheduler_{settings_, random_};
  Instant now_{1000s};
  std::uint64_t last_id_ = 0;
};

TEST_F(SchedulerTest, HostsTakeTurnsWhateverTheOrderOfTheList) {
  for (const char* text : {"a/1", "a/2", "a/3", "b/1", "b/2", "c/1"}) add(text);
  EXPECT_THAT(start_all(), ElementsAre("a/1", "b/1", "c/1", "a/2", "b/2"));
  EXPECT_EQ(scheduler_.waiting_count(), 1u);
  finish("a");
  EXPECT_THAT(start_all(), ElementsAre("a/3"));
}

TEST_F(SchedulerTest, JobThatGoesAgainIsFirst) {
  add("a/1");
  add("a/2");
  scheduler_.add_first(job("a/0"), now_);
  EXPECT_THAT(start_all(), ElementsAre("a/0", "a/1"));
}

TEST_F(SchedulerTest, DelayedJobComesWhenItIsDue) {
  scheduler_.add_later(job("a/1"), now_ + 5s);
  EXPECT_EQ(scheduler_.waiting_count(), 1u);
  EXPECT_EQ(scheduler_.next_due(), now_ + 5s);
  scheduler_.advance(now_ + 4s);
  EXPECT_THAT(start_all(), ElementsAre());
  now_ += 5s;
  scheduler_.advance(now_);
  EXPECT_THAT(start_all(), ElementsAre("a/1"));
  EXPECT_EQ(scheduler_.waiting_count(), 0u);
  EXPECT_EQ(scheduler_.next_due(), Instant::max());
}

TEST_F(SchedulerTest, BlockedHostStandsAmongTheTimersAndOthersGoOn) {
  for (const char* text : {"a/1", "a/2", "a/3", "b/1"}) add(text);
  EXPECT_EQ(start(), "a/1");
  host("a").throttle.on_congestion(now_, Congestion::rate_limited, 10s, random_);
  scheduler_.update(host("a"), now_);
  EXPECT_THAT(start_all(), ElementsAre("b/1"));
  EXPECT_GE(scheduler_.next_due(), now_ + 10s);
  now_ = scheduler_.next_due();
  scheduler_.advance(now_);
  EXPECT_EQ(start(), "a/2");
}

TEST_F(SchedulerTest, RequestsOfAHostKeepTheirInterval) {
  settings_.host_interval = 3s;
  Scheduler paced(settings_, random_);
  paced.add(job("a/1"), now_);
  paced.add(job("a/2"), now_);
  Host* first = paced.next(now_);
  ASSERT_NE(first, nullptr);
  static_cast<void>(paced.take_job(*first));
  paced.count_start(*first, now_);
  paced.update(*first, now_);
  EXPECT_EQ(paced.next(now_), nullptr);
  EXPECT_EQ(paced.next_due(), now_ + 3s);
  paced.advance(now_ + 3s);
  EXPECT_EQ(paced.next(now_ + 3s), first);
}

TEST_F(SchedulerTest, FullAddressHoldsAllItsHostsAndFreesAsManyAsItHasRoomFor) {
  AddressState& address = scheduler_.address_of(IpAddress::v4(0x01020304));
  for (const char* name : {"a", "b", "c", "d"}) {
    add(std::string(name) + "/1");
    scheduler_.place(host(name), address);
  }
  for (int i = 0; i < 2; ++i) {
    Host* next = scheduler_.next(now_);
    ASSERT_NE(next, nullptr);
    static_cast<void>(scheduler_.take_job(*next));
    scheduler_.count_start(*next, now_);
    scheduler_.enter_address(*next, address);
  }
  EXPECT_EQ(scheduler_.next(now_), nullptr);
  EXPECT_EQ(address.waiting.size(), 2u);
  address.throttle.on_success();
  address.throttle.on_success();
  scheduler_.leave_address(address, now_);
  EXPECT_TRUE(address.waiting.empty());
  EXPECT_THAT(start_all(), ElementsAre("c/1", "d/1"));
}

TEST_F(SchedulerTest, HostThatMayNotUseItsPlaceLeavesItToTheNext) {
  AddressState& address = scheduler_.address_of(IpAddress::v4(0x01020304));
  address.throttle.on_start();
  address.throttle.on_start();
  for (const char* name : {"a", "b"}) {
    add(std::string(name) + "/1");
    scheduler_.place(host(name), address);
  }
  EXPECT_EQ(scheduler_.next(now_), nullptr);
  host("a").throttle.on_start(now_);
  host("a").throttle.on_congestion(now_, Congestion::rate_limited, 10s, random_);
  address.throttle.on_success();
  scheduler_.leave_address(address, now_);
  EXPECT_THAT(start_all(), ElementsAre("b/1"));
}

TEST_F(SchedulerTest, RowsWaitForRobotsTxtButRobotsTxtDoesNot) {
  add("a/1");
  host("a").awaits_robots = true;
  EXPECT_EQ(start(), "");
  Job robots = job("a/robots.txt");
  robots.robots_for = "http://a";
  scheduler_.add_later(std::move(robots), now_ + 1s);
  now_ += 1s;
  scheduler_.advance(now_);
  EXPECT_EQ(start(), "a/robots.txt");
  EXPECT_EQ(start(), "");
  host("a").awaits_robots = false;
  scheduler_.update(host("a"), now_);
  EXPECT_EQ(start(), "a/1");
}

TEST_F(SchedulerTest, OriginsAreHosts) {
  EXPECT_NE(&host("a"), &host("a:8080"));
  EXPECT_EQ(&host("a"), &host("a:80"));
  EXPECT_EQ(scheduler_.host_count(), 2u);
}

TEST_F(SchedulerTest, HostsAreForgottenButNotWhatTheyAreSparedFor) {
  host("parked").throttle.on_start(now_);
  host("parked").throttle.on_congestion(now_, Congestion::rate_limited, 60s, random_);
  host("down").throttle.give_up(now_);
  for (int i = 0; i < 20; ++i) host("refused").opt_outs.on_opt_out();
  host("ruled").robots = RobotsTxt::parse("User-agent: *\nDisallow: /\n", "pixhaul");
  for (int i = 0; i < 17'000; ++i) (void)host("h" + std::to_string(i));
  scheduler_.forget_inert_hosts(now_);
  EXPECT_EQ(scheduler_.host_count(), 4u);
  EXPECT_GT(host("parked").throttle.blocked_until(), now_);
  EXPECT_TRUE(host("down").throttle.is_down());
  EXPECT_TRUE(host("refused").opt_outs.is_refused());
  EXPECT_TRUE(host("ruled").robots.has_value());
  for (int i = 0; i < 17'000; ++i) (void)host("h" + std::to_string(i));
  scheduler_.forget_inert_hosts(now_ + 5min);
  EXPECT_EQ(scheduler_.host_count(), 3u) << "the pause is over";
}

}  // namespace
}  // namespace pixhaul::net
