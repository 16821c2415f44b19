#include "support/dns_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "base/unique_fd.h"

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;

enum class Over : std::uint8_t { udp, tcp };

// A client that asks one question and looks at bytes.
class Asker {
 public:
  Asker(const DnsServer& server, Over over) : over_(over) {
    fd_.reset(::socket(AF_INET, over == Over::tcp ? SOCK_STREAM : SOCK_DGRAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  void ask(std::string_view name, DnsType type) {
    std::string query("\x12\x34\x01\0\0\x01\0\0\0\0\0\0", 12);
    query += dns_name_data(name);
    query += {'\0', static_cast<char>(type), '\0', '\x01'};
    if (over_ == Over::tcp) {
      query.insert(0, {'\0', static_cast<char>(query.size())});
    }
    ASSERT_EQ(::send(fd_.get(), query.data(), query.size(), 0), static_cast<ssize_t>(query.size()));
  }

  // Nothing when no answer comes in time.
  std::optional<std::string> hear(milliseconds patience = milliseconds(2000)) {
    pollfd polled{fd_.get(), POLLIN, 0};
    if (::poll(&polled, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
    std::array<char, 2048> packet;
    const ssize_t size = ::recv(fd_.get(), packet.data(), packet.size(), 0);
    const std::size_t skip = over_ == Over::tcp ? 2 : 0;
    return std::string(packet.data() + skip, static_cast<std::size_t>(size) - skip);
  }

 private:
  Over over_;
  UniqueFd fd_;
};

std::optional<std::string> ask(const DnsServer& server, std::string_view name, DnsType type,
                               Over over = Over::udp) {
  Asker asker(server, over);
  asker.ask(name, type);
  return asker.hear();
}

int code_of(const std::string& packet) { return packet[3] & 15; }
bool is_truncated(const std::string& packet) { return (packet[2] & 2) != 0; }
int answer_count(const std::string& packet) { return packet[7]; }
int authority_count(const std::string& packet) { return packet[9]; }

TEST(DnsServer, AnswersWithTheAddressesOfTheFamilyAsked) {
  const auto server = make_dns_server();
  server->answer("both.test", {.addresses = {"127.0.0.1", "127.0.0.2", "::1"}});
  const auto ipv4 = ask(*server, "both.test", DnsType::a);
  ASSERT_TRUE(ipv4);
  EXPECT_EQ(answer_count(*ipv4), 2);
  EXPECT_TRUE(ipv4->ends_with(std::string("\x7f\0\0\x02", 4)));
  EXPECT_EQ(answer_count(*ask(*server, "BOTH.test", DnsType::aaaa)), 1);
  EXPECT_EQ(server->query_count("both.test", DnsType::a), 1U);
  EXPECT_EQ(server->query_count("both.test", DnsType::aaaa), 1U);
}

TEST(DnsServer, UnknownNameIsANameErrorWithSoa) {
  const auto server = make_dns_server();
  const auto packet = ask(*server, "none.test", DnsType::a);
  EXPECT_EQ(code_of(*packet), 3);
  EXPECT_EQ(authority_count(*packet), 1);
}

TEST(DnsServer, FamilyWithoutAddressIsNoDataWithSoa) {
  const auto server = make_dns_server();
  server->answer("four.test", {.addresses = {"127.0.0.1"}});
  const auto packet = ask(*server, "four.test", DnsType::aaaa);
  EXPECT_EQ(code_of(*packet), 0);
  EXPECT_EQ(answer_count(*packet), 0);
  EXPECT_EQ(authority_count(*packet), 1);
}

TEST(DnsServer, AliasBringsItsTargetAlong) {
  const auto server = make_dns_server();
  server->answer("alias.test", {.cname = "target.test"});
  server->answer("target.test", {.addresses = {"127.0.0.9"}});
  const auto packet = ask(*server, "alias.test", DnsType::a);
  EXPECT_EQ(answer_count(*packet), 2);
  EXPECT_TRUE(packet->ends_with(std::string("\x7f\0\0\x09", 4)));
}

TEST(DnsServer, FailsAsOftenAsToldThenAnswers) {
  const auto server = make_dns_server();
  server->answer("flaky.test", {.addresses = {"127.0.0.1"}, .fail_first = 2});
  EXPECT_EQ(code_of(*ask(*server, "flaky.test", DnsType::a)), 2);
  EXPECT_EQ(code_of(*ask(*server, "flaky.test", DnsType::a)), 2);
  EXPECT_EQ(answer_count(*ask(*server, "flaky.test", DnsType::a)), 1);
}

TEST(DnsServer, TruncatedAnswerIsWholeOverTcp) {
  const auto server = make_dns_server();
  server->answer("big.test", {.addresses = {"127.0.0.1"}, .is_truncated = true});
  const auto over_udp = ask(*server, "big.test", DnsType::a);
  EXPECT_TRUE(is_truncated(*over_udp));
  EXPECT_EQ(answer_count(*over_udp), 0);
  const auto over_tcp = ask(*server, "big.test", DnsType::a, Over::tcp);
  EXPECT_FALSE(is_truncated(*over_tcp));
  EXPECT_EQ(answer_count(*over_tcp), 1);
  EXPECT_EQ(server->tcp_query_count(), 1U);
}

TEST(DnsServer, DroppedQueryIsCountedAndNotAnswered) {
  const auto server = make_dns_server();
  server->answer("gone.test", {.kind = DnsAnswer::Kind::drop});
  server->answer("here.test", {.addresses = {"127.0.0.1"}});
  Asker asker(*server, Over::udp);
  asker.ask("gone.test", DnsType::a);
  asker.ask("here.test", DnsType::a);
  const auto packet = asker.hear();
  ASSERT_TRUE(packet);
  EXPECT_NE(packet->find("here"), std::string::npos);
  EXPECT_EQ(server->query_count("gone.test", DnsType::a), 1U);
}

TEST(DnsServer, ForgeriesComeBeforeTheTruth) {
  const auto server = make_dns_server();
  server->answer("prey.test", {.addresses = {"127.0.0.1"},
                               .forgeries = {DnsForgery::wrong_id, DnsForgery::wrong_question,
                                             DnsForgery::garbage, DnsForgery::pointer_loop,
                                             DnsForgery::wrong_port}});
  Asker asker(*server, Over::udp);
  asker.ask("prey.test", DnsType::a);
  const std::string poison("\xcb\0\x71\x42", 4);
  const auto wrong_id = asker.hear();
  EXPECT_NE(wrong_id->substr(0, 2), "\x12\x34");
  EXPECT_TRUE(wrong_id->ends_with(poison));
  EXPECT_NE(asker.hear()->find("other"), std::string::npos);
  EXPECT_TRUE(asker.hear()->ends_with("noise"));
  EXPECT_TRUE(asker.hear()->ends_with(poison));
  // The one from the wrong port never reaches a connected socket.
  EXPECT_TRUE(asker.hear()->ends_with(std::string("\x7f\0\0\x01", 4)));
}

TEST(DnsServer, LongestSuffixRuleAnswers) {
  const auto server = make_dns_server();
  server->answer_below("test", DnsAnswer{.addresses = {"127.0.0.1"}});
  server->answer_below("hosts.test", [](std::string_view name) {
    return DnsAnswer{.addresses = {name == "h7.hosts.test" ? "127.0.0.7" : "127.0.0.8"}};
  });
  EXPECT_TRUE(ask(*server, "h7.hosts.test", DnsType::a)->ends_with(std::string("\x7f\0\0\x07", 4)));
  EXPECT_TRUE(ask(*server, "x.other.test", DnsType::a)->ends_with(std::string("\x7f\0\0\x01", 4)));
}

TEST(DnsServer, DelayedAnswerDoesNotHoldUpOthers) {
  const auto server = make_dns_server();
  server->answer("late.test", {.addresses = {"127.0.0.1"}, .delay = milliseconds(60)});
  server->answer("soon.test", {.addresses = {"127.0.0.1"}});
  Asker asker(*server, Over::udp);
  asker.ask("late.test", DnsType::a);
  asker.ask("soon.test", DnsType::a);
  EXPECT_NE(asker.hear()->find("soon"), std::string::npos);
  EXPECT_NE(asker.hear()->find("late"), std::string::npos);
}

}  // namespace
}  // namespace pixhaul::testing
