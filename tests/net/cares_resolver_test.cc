#include "net/cares_resolver.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/epoll_network.h"
#include "support/dns_server.h"

namespace pixhaul::net {
namespace {

using namespace std::chrono_literals;
using testing::DnsAnswer;
using testing::DnsType;
using Kind = DnsAnswer::Kind;

class CaresResolverTest : public ::testing::Test {
 protected:
  // Time-outs are short and real: c-ares has a clock of its own.
  void use(std::vector<std::string> servers) {
    resolver_ = CaresResolver::create(
                    *network_, {.dns_servers = std::move(servers), .timeout = 150ms, .tries = 2})
                    .value();
  }
  void SetUp() override { use({server_->address()}); }

  Answer ask(std::string_view name, AddressFamily family = AddressFamily::v4) {
    resolver_->ask(name, family);
    std::vector<Answer> answers = collect(1);
    return answers.empty() ? Answer{} : answers.front();
  }
  std::vector<Answer> collect(std::size_t count) {
    std::vector<Answer> answers;
    const SystemClock clock;
    const Instant end = clock.now() + 5s;
    while (answers.size() < count && clock.now() < end) {
      const Instant due = std::max(resolver_->next_due(), clock.now());
      network_->wait(std::min(due, end) - clock.now());
      resolver_->take_answers(clock.now(), answers);
    }
    EXPECT_EQ(answers.size(), count);
    return answers;
  }
  static std::string text(const Answer& answer) {
    std::string all;
    for (const IpAddress& ip : answer.addresses) all += (all.empty() ? "" : " ") + ip.text();
    return all;
  }

  std::unique_ptr<testing::DnsServer> server_ = testing::make_dns_server();
  std::unique_ptr<EpollNetwork> network_ = EpollNetwork::create().value();
  std::unique_ptr<CaresResolver> resolver_;
};

TEST_F(CaresResolverTest, BothFamiliesComeWithTheirTimeToLive) {
  server_->answer("a.test", {.addresses = {"192.0.2.1", "192.0.2.2", "2001:db8::1"}, .ttl = 77s});
  const Answer v4 = ask("a.test");
  EXPECT_EQ(v4.status, ErrorCode::success);
  EXPECT_EQ(v4.name, "a.test");
  EXPECT_EQ(text(v4), "192.0.2.1 192.0.2.2");
  EXPECT_EQ(v4.ttl, 77s);
  const Answer v6 = ask("a.test", AddressFamily::v6);
  EXPECT_EQ(v6.family, AddressFamily::v6);
  EXPECT_EQ(text(v6), "2001:db8::1");
  EXPECT_EQ(resolver_->next_due(), Instant::max());
}

TEST_F(CaresResolverTest, AliasesAreFollowedWithTheSmallestTimeToLive) {
  server_->answer("alias.test", {.cname = "real.test", .ttl = 500s});
  server_->answer("real.test", {.addresses = {"192.0.2.5"}, .ttl = 20s});
  const Answer answer = ask("alias.test");
  EXPECT_EQ(text(answer), "192.0.2.5");
  EXPECT_EQ(answer.name, "alias.test");
  EXPECT_EQ(answer.ttl, 20s);
}

TEST_F(CaresResolverTest, MissingNamesAndMissingRecordsAreNotFound) {
  server_->answer("gone.test", {.kind = Kind::name_error, .ttl = 33s});
  server_->answer("four.test", {.addresses = {"192.0.2.1"}, .ttl = 44s});
  const Answer gone = ask("gone.test");
  EXPECT_EQ(gone.status, ErrorCode::dns_not_found);
  EXPECT_EQ(gone.detail, "no such host name");
  EXPECT_EQ(gone.ttl, 33s);
  const Answer no_record = ask("four.test", AddressFamily::v6);
  EXPECT_EQ(no_record.status, ErrorCode::dns_not_found);
  EXPECT_EQ(no_record.detail, "no IPv6 address");
  EXPECT_EQ(no_record.ttl, 44s);
}

TEST_F(CaresResolverTest, NamesThatCannotBeAskedAreNotFound) {
  EXPECT_EQ(ask(std::string(64, 'a') + ".test").status, ErrorCode::dns_not_found);
  EXPECT_EQ(ask("a..test").status, ErrorCode::dns_not_found);
  EXPECT_EQ(server_->query_count(), 0u);
}

TEST_F(CaresResolverTest, AServersPassingFailureIsOvercome) {
  server_->answer("a.test", {.addresses = {"192.0.2.1"}, .fail_first = 1});
  EXPECT_EQ(text(ask("a.test")), "192.0.2.1");
  EXPECT_EQ(server_->query_count("a.test", DnsType::a), 2u);
}

TEST_F(CaresResolverTest, FailingServersAreATransientError) {
  server_->answer("fail.test", {.kind = Kind::server_failure});
  server_->answer("refused.test", {.kind = Kind::refused});
  EXPECT_EQ(ask("fail.test").status, ErrorCode::dns_error);
  EXPECT_EQ(ask("refused.test").status, ErrorCode::dns_error);
}

TEST_F(CaresResolverTest, SilenceIsATimeOutAfterAllTries) {
  server_->answer("silent.test", {.kind = Kind::drop});
  const Answer answer = ask("silent.test");
  EXPECT_EQ(answer.status, ErrorCode::dns_timeout);
  EXPECT_EQ(answer.detail, "no DNS server answered in time");
  EXPECT_EQ(server_->query_count("silent.test", DnsType::a), 2u);
}

TEST_F(CaresResolverTest, LostQuestionsAreAskedAgain) {
  server_->answer("a.test", {.addresses = {"192.0.2.1"}, .fail_first = 1, .fail_kind = Kind::drop});
  EXPECT_EQ(text(ask("a.test")), "192.0.2.1");
}

TEST_F(CaresResolverTest, TheNextServerIsAskedWhenOneFailsOrIsSilent) {
  const auto second = testing::make_dns_server();
  for (const Kind kind : {Kind::server_failure, Kind::refused, Kind::drop}) {
    use({server_->address(), second->address()});
    server_->answer("a.test", {.kind = kind});
    second->answer("a.test", {.addresses = {"192.0.2.9"}});
    EXPECT_EQ(text(ask("a.test")), "192.0.2.9");
    EXPECT_EQ(text(ask("a.test")), "192.0.2.9");  // whichever is asked first
  }
}

TEST_F(CaresResolverTest, TruncatedRepliesAreAskedForOverTcp) {
  server_->answer("big.test", {.addresses = {"192.0.2.1"}, .is_truncated = true});
  EXPECT_EQ(text(ask("big.test")), "192.0.2.1");
  EXPECT_EQ(server_->tcp_query_count(), 1u);
}

TEST_F(CaresResolverTest, ForgedRepliesAreNotBelieved) {
  for (const auto forgery : {testing::DnsForgery::wrong_id, testing::DnsForgery::wrong_question,
                             testing::DnsForgery::wrong_port}) {
    server_->answer("a.test", {.addresses = {"192.0.2.1"}, .forgeries = {forgery}});
    EXPECT_EQ(text(ask("a.test")), "192.0.2.1") << static_cast<int>(forgery);
  }
}

TEST_F(CaresResolverTest, BrokenRepliesNeverYieldTheirAddress) {
  for (const auto forgery : {testing::DnsForgery::garbage, testing::DnsForgery::pointer_loop}) {
    server_->answer("a.test", {.addresses = {"192.0.2.1"}, .forgeries = {forgery}});
    EXPECT_EQ(text(ask("a.test")).find("203.0.113"), std::string::npos);
  }
}

TEST_F(CaresResolverTest, ThousandQuestionsAtOnceAreAllAnswered) {
  server_->answer_below("hosts.test", DnsAnswer{.addresses = {"192.0.2.1"}});
  for (int i = 0; i < 1000; ++i) {
    resolver_->ask("h" + std::to_string(i) + ".hosts.test", AddressFamily::v4);
  }
  for (const Answer& answer : collect(1000)) EXPECT_EQ(text(answer), "192.0.2.1");
}

TEST_F(CaresResolverTest, AddressesOfServersAreChecked) {
  for (const char* good :
       {"192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53"}) {
    EXPECT_TRUE(CaresResolver::create(*network_, {.dns_servers = {good}})) << good;
  }
  for (const char* bad : {"", "dns.test", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:70000",
                          "192.0.2.1:5x", "[192.0.2.1]:53", "[2001:db8::1", "192.0.2"}) {
    const auto made = CaresResolver::create(*network_, {.dns_servers = {bad}});
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().code, ErrorCode::bad_option);
  }
}

TEST_F(CaresResolverTest, OpenQuestionsEndWithTheResolver) {
  server_->answer("silent.test", {.kind = Kind::drop});
  resolver_->ask("silent.test", AddressFamily::v4);
  resolver_.reset();
  network_->wait(0s);
}

}  // namespace
}  // namespace pixhaul::net
