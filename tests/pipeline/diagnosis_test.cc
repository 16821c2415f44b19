#include "pipeline/diagnosis.h"

#include <gmock/gmock.h>

namespace pixhaul::pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::size_t index(ErrorCode code) { return static_cast<std::size_t>(code); }

/// 100 rows, of which 80 ended so.
Evidence mostly(ErrorCode status) {
  Evidence evidence{.rows = 100};
  evidence.by_status[index(status)] = 80;
  evidence.by_status[index(ErrorCode::success)] = 20;
  return evidence;
}

std::vector<HostCount> several() { return {{"a", 20}, {"b", 20}, {"c", 20}, {"d", 20}}; }
std::vector<HostCount> one() { return {{"a.test", 78}, {"b.test", 2}}; }

TEST(Diagnosis, EachCauseHasItsWordsAndItsOption) {
  using enum ErrorCode;
  struct Case {
    ErrorCode status;
    std::vector<HostCount> hosts;
    const char* detail;
    const char* cause;
    const char* says;
    const char* option;
  };
  const Case cases[] = {
      {dns_timeout, several(), "", "dns", "DNS is failing: 80 of 100 rows", "--dns_servers"},
      {dns_error, several(), "", "dns", "DNS is failing", "--concurrency 64"},
      {dns_not_found, several(), "", "unknown_name", "do not exist", "--dns_servers"},
      {tls_certificate, several(), "certificate is not valid yet", "certificate", "clock is behind",
       "timedatectl"},
      {tls_certificate, one(), "certificate is not valid yet", "certificate", "clock is behind",
       "pixhaul doctor"},
      {tls_certificate, several(), "certificate has expired", "certificate", "clock is ahead",
       "timedatectl"},
      {tls_certificate, one(), "certificate has expired", "certificate",
       "a.test cannot prove who it is (certificate has expired)", "--ca_file"},
      {tls_certificate, several(), "issuer not trusted: ACME Filter", "certificate",
       "issuer not trusted: ACME Filter", "--ca_file"},
      {tls_certificate, several(), "", "certificate", "is this machine's clock right",
       "pixhaul doctor"},
      {tls_handshake, several(), "", "handshake", "handshakes fail", "--proxy URL"},
      {connect_refused, one(), "", "connect", "a.test takes no connections",
       "--host_concurrency 1"},
      {connect_timeout, several(), "", "connect", "no connection comes about", "--proxy URL"},
      {rate_limited, one(), "", "rate", "a.test asks to slow down", "--host_interval 1s"},
      {rate_limited, several(), "", "rate", "servers ask to slow down", "--contact MAIL"},
      {http_4xx, one(), "", "refusal", "a.test refuses 80 of 100 rows", "--referer"},
      {http_5xx, one(), "", "server", "a.test breaks down", "--host_interval"},
      {deadline, several(), "", "time", "more is under way than the link carries",
       "--concurrency 32"},
      {too_slow, one(), "", "time", "a.test is too slow", "--deadline"},
      {not_image, one(), "", "page", "something else than pictures", "--header"},
  };
  for (const Case& c : cases) {
    const std::vector<StatusHosts> behind = {
        {.status = c.status, .count = 80, .hosts = c.hosts, .detail = c.detail}};
    EXPECT_THAT(diagnose(mostly(c.status), behind),
                ElementsAre(AllOf(Field(&Diagnosis::cause, c.cause),
                                  Field(&Diagnosis::sentence, HasSubstr(c.says)),
                                  Field(&Diagnosis::sentence, HasSubstr(c.option)))));
  }
}

TEST(Diagnosis, OldListsAreNoDisease) {
  using enum ErrorCode;
  for (const ErrorCode status : {http_4xx, http_5xx, not_image, filtered, opt_out, success}) {
    const std::vector<StatusHosts> behind = {{.status = status, .count = 80, .hosts = several()}};
    EXPECT_THAT(diagnose(mostly(status), behind), IsEmpty()) << name(status);
  }
}

TEST(Diagnosis, HalfIsNotMostAndFewRowsProveNothing) {
  Evidence evidence{.rows = 100};
  evidence.by_status[index(ErrorCode::dns_timeout)] = 50;
  EXPECT_THAT(diagnose(evidence, {}), IsEmpty());
  evidence.by_status[index(ErrorCode::dns_timeout)] = 51;
  EXPECT_THAT(diagnose(evidence, {}), SizeIs(1));
  evidence.rows = evidence.by_status[index(ErrorCode::dns_timeout)] = 19;
  EXPECT_THAT(diagnose(evidence, {}), IsEmpty());
}

TEST(Diagnosis, StatusesOfOneCauseAreCountedTogetherAndSoAreTheirHosts) {
  Evidence evidence{.rows = 100};
  evidence.by_status[index(ErrorCode::connect_refused)] = 30;
  evidence.by_status[index(ErrorCode::connection_reset)] = 30;
  const std::vector<StatusHosts> behind = {
      {.status = ErrorCode::connect_refused, .count = 30, .hosts = {{"a.test", 30}}},
      {.status = ErrorCode::connection_reset, .count = 30, .hosts = {{"a.test", 30}}}};
  EXPECT_THAT(
      diagnose(evidence, behind),
      ElementsAre(Field(&Diagnosis::sentence, HasSubstr("a.test takes no connections: 60"))));
}

TEST(Diagnosis, TheDiskIsJudgedByTime) {
  EXPECT_THAT(diagnose({.disk_share = 0.5}, {}), IsEmpty());
  EXPECT_THAT(diagnose({.disk_share = 0.6}, {}),
              ElementsAre(Field(&Diagnosis::sentence, HasSubstr("--output_format webdataset"))));
}

StatsSnapshot at(double seconds, std::uint64_t done, std::uint64_t timeouts) {
  StatsSnapshot now;
  now.seconds = seconds;
  now.rows_done = done;
  now.by_status[index(ErrorCode::dns_timeout)] = timeouts;
  now.by_status[index(ErrorCode::success)] = done - timeouts;
  return now;
}

TEST(DiagnosisWatch, SeesThatDnsBeganToFailLongAfterTheStartAndSaysItOnce) {
  DiagnosisWatch watch;
  EXPECT_THAT(watch.look(at(100, 10'000, 0)), IsEmpty());
  EXPECT_THAT(watch.look(at(105, 10'010, 10)), IsEmpty());
  EXPECT_THAT(watch.look(at(111, 10'100, 90)), ElementsAre(HasSubstr("90 of 100 rows")));
  EXPECT_THAT(watch.look(at(112, 10'200, 190)), IsEmpty());
  EXPECT_THAT(watch.of_the_whole_run(at(112, 10'200, 190)), IsEmpty());
}

TEST(DiagnosisWatch, AtTheEndFewerRowsAreEnough) {
  DiagnosisWatch watch;
  EXPECT_THAT(watch.look(at(1, 6, 6)), IsEmpty());
  EXPECT_THAT(watch.of_the_whole_run(at(1, 6, 6)), ElementsAre(HasSubstr("6 of 6 rows")));
}

TEST(DiagnosisWatch, ADiskThatHoldsEverythingUpIsNamedAfterTwoSeconds) {
  DiagnosisWatch watch;
  StatsSnapshot now;
  now.limited_by = "the disk: 2 of 2 threads writing";
  for (now.seconds = 0.5; now.seconds < 2; now.seconds += 0.5) {
    EXPECT_THAT(watch.look(now), IsEmpty()) << now.seconds;
  }
  EXPECT_THAT(watch.look(now), ElementsAre(HasSubstr("the disk is slower than the network")));
  EXPECT_THAT(watch.of_the_whole_run(now), SizeIs(1));
}

}  // namespace
}  // namespace pixhaul::pipeline
