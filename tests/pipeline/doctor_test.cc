#include "pipeline/doctor.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "support/dns_server.h"
#include "support/temp_folder.h"

namespace pixhaul::pipeline {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;

/// A machine on which nothing is to be changed.
DoctorFacts healthy() {
  DoctorFacts facts;
  facts.machine = {.cores = 8,
                   .memory_bytes = 16'000'000'000,
                   .open_files = 65'536,
                   .decoder_program = "/usr/lib/pixhaul/pixhaul-decoder"};
  facts.most_open_files = 1'048'576;
  facts.concurrency = 1024;
  facts.local_ports = 28'232;
  facts.dns_servers = {"192.0.2.1"};
  facts.dns_took = std::chrono::milliseconds(3);
  facts.now = std::chrono::system_clock::from_time_t(1'800'000'000);
  facts.program_made = std::chrono::system_clock::from_time_t(1'790'000'000);
  facts.is_synchronised = true;
  facts.disk_folder = "/data";
  facts.disk_free_bytes = 500'000'000'000;
  facts.disk_bytes_per_second = 900e6;
  facts.disk_sync = std::chrono::milliseconds(4);
  facts.vectors = "AVX2";
  facts.machine_cores = 8;
  facts.machine_memory = 16'000'000'000;
  facts.run_memory = 8'000'000'000;
  facts.kernel_can_lock = true;
  return facts;
}

Finding about(const DoctorFacts& facts, std::string_view subject) {
  for (Finding& finding : judge(facts)) {
    if (finding.subject == subject) return finding;
  }
  return {.found = "nothing about " + std::string(subject)};
}

TEST(Doctor, HasNothingToSayOfAHealthyMachine) {
  const auto findings = judge(healthy());
  EXPECT_EQ(findings.size(), 10u);
  EXPECT_THAT(findings, Each(Field(&Finding::verdict, Verdict::good)));
  EXPECT_THAT(findings, Each(Field(&Finding::advice, "")));
}

TEST(Doctor, EachFaultIsNamedWithWhatChangesIt) {
  struct Case {
    const char* subject;
    void (*spoil)(DoctorFacts&);
    Verdict verdict;
    const char* found;
    const char* advice;
  };
  const Case cases[] = {
      {"open files",
       [](DoctorFacts& f) {
         f.machine.open_files = 256;
         f.concurrency = 144;
       },
       Verdict::notice, "256 may be open: 144 transfers", "ulimit -n 4096"},
      {"open files",
       [](DoctorFacts& f) {
         f.machine.open_files = f.most_open_files = 100;
         f.concurrency = 27;
       },
       Verdict::bad, "27 transfers", "the hard limit is 100"},
      {"local ports", [](DoctorFacts& f) { f.local_ports = 500; }, Verdict::notice, "500",
       "ip_local_port_range"},
      {"resolver", [](DoctorFacts& f) { f.dns_took = std::chrono::milliseconds(900); },
       Verdict::notice, "192.0.2.1 took 900 ms", "--dns_servers"},
      {"resolver",
       [](DoctorFacts& f) {
         f.dns_status = ErrorCode::dns_timeout;
         f.dns_detail = "no answer within 4 s";
       },
       Verdict::bad, "192.0.2.1: no answer within 4 s", "--dns_servers ADDRESS"},
      {"resolver",
       [](DoctorFacts& f) {
         f.dns_status = ErrorCode::dns_timeout;
         f.proxy = "proxy.test:3128";
       },
       Verdict::bad, "", "--proxy_dns remote"},
      {"certificates",
       [](DoctorFacts& f) { f.trust_failure = Error{.detail = "no CA certificates"}; },
       Verdict::bad, "no CA certificates", "--ca_file"},
      {"clock", [](DoctorFacts& f) { f.program_made = f.now + std::chrono::hours(1); },
       Verdict::bad, "2027-01-15 08:00 UTC, before this program was made", "timedatectl"},
      {"clock", [](DoctorFacts& f) { f.is_synchronised = false; }, Verdict::good,
       "not synchronised", ""},
      {"disk", [](DoctorFacts& f) { f.disk_failure = Error{.detail = "cannot write here"}; },
       Verdict::bad, "/data: cannot write here", "--output_folder"},
      {"disk", [](DoctorFacts& f) { f.disk_free_bytes = 40'000'000; }, Verdict::bad, "40 MB free",
       "make room"},
      {"disk", [](DoctorFacts& f) { f.disk_free_bytes = 400'000'000; }, Verdict::notice,
       "400 MB free", "exit 4"},
      {"disk", [](DoctorFacts& f) { f.disk_free_files = 12; }, Verdict::notice, "12 more files",
       "webdataset"},
      {"disk", [](DoctorFacts& f) { f.disk_bytes_per_second = 9e6; }, Verdict::notice, "9 MB/s",
       "another disk"},
      {"disk",
       [](DoctorFacts& f) {
         f.disk_sync = std::chrono::milliseconds(900);
         f.disk_is_remote = true;
       },
       Verdict::notice, "900 ms", "a remote file system"},
      {"disk", [](DoctorFacts& f) { f.disk_is_memory = true; }, Verdict::notice, "which is memory",
       "--output_folder"},
      {"processor", [](DoctorFacts& f) { f.vectors = "SCALAR"; }, Verdict::notice, "SCALAR",
       "host CPU model"},
      {"memory", [](DoctorFacts& f) { f.run_memory = 100'000'000; }, Verdict::notice,
       "100 MB for a run", "--memory"},
      {"memory", [](DoctorFacts& f) { f.machine.memory_bytes = 4'000'000'000; }, Verdict::bad,
       "a control group allows 4000 MB of 16 GB", "a lower --memory"},
      {"sandbox", [](DoctorFacts& f) { f.machine.decoder_program.clear(); }, Verdict::notice,
       "pixhaul-decoder is not beside", "install pixhaul whole"},
      {"sandbox",
       [](DoctorFacts& f) {
         f.machine.decoder_program.clear();
         f.kernel_can_lock = false;
       },
       Verdict::notice, "no seccomp filters", "--sandbox on"},
      {"options", [](DoctorFacts& f) { f.lowered = {"concurrency lowered from 9 to 3"}; },
       Verdict::notice, "concurrency lowered from 9 to 3", ""},
  };
  for (const Case& one : cases) {
    DoctorFacts facts = healthy();
    one.spoil(facts);
    const Finding finding = about(facts, one.subject);
    EXPECT_EQ(finding.verdict, one.verdict) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr(one.found));
    EXPECT_THAT(finding.advice, HasSubstr(one.advice));
  }
}

TEST(Doctor, AResolverThatOnlyTheProxyHasIsNotMissed) {
  DoctorFacts facts = healthy();
  facts.dns_status = ErrorCode::dns_timeout;
  facts.proxy = "proxy.test:3128";
  facts.proxy_resolves = true;
  EXPECT_EQ(about(facts, "resolver").verdict, Verdict::good);
}

TEST(Doctor, AskingForANameThatIsUnknownIsAnAnswer) {
  DoctorFacts facts = healthy();
  facts.dns_status = ErrorCode::dns_not_found;
  EXPECT_EQ(about(facts, "resolver").verdict, Verdict::good);
}

TEST(DoctorFacts, AreMeasuredHereAndLeaveNothingBehind) {
  const auto dns = testing::make_dns_server();
  dns->answer("example.org", {.addresses = {"192.0.2.7"}});
  const testing::TempFolder folder;
  const std::string output = folder.path() + "/not/there/yet";
  const auto facts =
      gather_facts({.output_folder = output, .proxy = "none", .dns_servers = {dns->address()}});
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_EQ(facts->dns_status, ErrorCode::success) << facts->dns_detail;
  EXPECT_EQ(dns->query_count(), 1u);
  EXPECT_EQ(facts->disk_folder, folder.path());
  EXPECT_FALSE(facts->disk_failure);
  EXPECT_GT(facts->disk_bytes_per_second, 0);
  EXPECT_GT(facts->disk_free_bytes, 0u);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_GT(facts->concurrency, 0u);
  EXPECT_GT(facts->local_ports, 0u);
  EXPECT_FALSE(facts->vectors.empty());
  EXPECT_GT(facts->now, facts->program_made);
}

TEST(DoctorFacts, ASilentResolverAndAnUnreadableBundleAreFound) {
  const auto dns = testing::make_dns_server();
  dns->answer("example.org", {.kind = testing::DnsAnswer::Kind::server_failure});
  const testing::TempFolder folder;
  const auto facts = gather_facts({.output_folder = folder.path(),
                                   .proxy = "http://proxy.test:3128",
                                   .proxy_dns = ProxyDns::remote,
                                   .dns_servers = {dns->address()},
                                   .ca_file = folder.path() + "/none.pem"});
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_EQ(facts->dns_status, ErrorCode::dns_error);
  EXPECT_NE(facts->dns_detail, "");
  EXPECT_EQ(facts->proxy, "proxy.test:3128");
  EXPECT_TRUE(facts->proxy_resolves);
  ASSERT_TRUE(facts->trust_failure);
  EXPECT_THAT(facts->trust_failure->detail, HasSubstr("none.pem"));
}

TEST(DoctorFacts, AFolderThatCannotBeWrittenIsFound) {
  if (::access("/proc", F_OK) != 0) GTEST_SKIP() << "no /proc here";
  const auto dns = testing::make_dns_server();
  const auto facts =
      gather_facts({.output_folder = "/proc/images", .dns_servers = {dns->address()}});
  ASSERT_TRUE(facts) << facts.error().detail;
  ASSERT_TRUE(facts->disk_failure);
  EXPECT_THAT(facts->disk_failure->detail, HasSubstr("cannot write here"));
}

}  // namespace
}  // namespace pixhaul::pipeline
