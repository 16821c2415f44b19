#include "net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

namespace pixhaul::net {
namespace {

struct Text {
  std::string_view input;
  std::string_view text;  // empty: refused
};

TEST(IpAddress, TextIsReadAndWrittenInOneForm) {
  static constexpr auto kRows = std::to_array<Text>({
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"203.0.113.7", "203.0.113.7"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"::ffff:10.0.0.1", "::ffff:a00:1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"", ""},
      {"1.2.3", ""},
      {"1.2.3.4.", ""},
      {"1.2.3.04", ""},
      {"1.2.3.256", ""},
      {"0x7f.0.0.1", ""},
      {" 1.2.3.4", ""},
      {"1.2.3.-4", ""},
      {"[::1]", ""},
      {"::1%lo", ""},
      {":", ""},
      {":1", ""},
      {"1:", ""},
      {"1::2::3", ""},
      {"1:2:3:4:5:6:7:8:9", ""},
      {"::1.2.3", ""},
      {"1.2.3.4::", ""},
  });
  for (const Text& row : kRows) {
    const std::optional<IpAddress> address = parse_ip_address(row.input);
    EXPECT_EQ(address ? address->text() : "", row.text) << row.input;
  }
}

TEST(IpAddress, ValueAndBytesAgree) {
  const IpAddress address = IpAddress::v4(0xc0000201);
  EXPECT_EQ(address.text(), "192.0.2.1");
  EXPECT_EQ(address.v4_value(), 0xc0000201U);
  EXPECT_EQ(address, *parse_ip_address("192.0.2.1"));
  EXPECT_LT(address, *parse_ip_address("192.0.2.2"));
  EXPECT_LT(address, *parse_ip_address("::"));
}

TEST(SocketAddress, TextBracketsIpv6) {
  EXPECT_EQ((SocketAddress{*parse_ip_address("203.0.113.7"), 443}.text()), "203.0.113.7:443");
  EXPECT_EQ((SocketAddress{*parse_ip_address("::1"), 80}.text()), "[::1]:80");
}

TEST(SocketAddress, SurvivesTheKernelsForm) {
  for (const std::string_view text : {"203.0.113.7", "2001:db8::7"}) {
    const SocketAddress address{*parse_ip_address(text), 8443};
    const SystemAddress raw = to_system(address);
    EXPECT_EQ(from_system(raw.get(), raw.size), address);
    EXPECT_FALSE(from_system(raw.get(), raw.size - 1));
  }
}

TEST(SocketAddress, ScopeIdsAndOtherFamiliesAreRefused) {
  sockaddr_in6 scoped{};
  scoped.sin6_family = AF_INET6;
  scoped.sin6_scope_id = 1;
  EXPECT_FALSE(from_system(reinterpret_cast<const sockaddr*>(&scoped), sizeof scoped));
  SystemAddress other;
  other.get()->sa_family = AF_UNIX;
  EXPECT_FALSE(from_system(other.get(), other.storage.size()));
  EXPECT_FALSE(from_system(nullptr, 0));
}

TEST(SocketAddress, HashTellsAddressesAndPortsApart) {
  std::unordered_set<SocketAddress> seen;
  for (std::uint32_t host = 0; host < 1000; ++host)
    for (const std::uint16_t port : {80, 443}) seen.insert({IpAddress::v4(host), port});
  EXPECT_EQ(seen.size(), 2000U);
  std::unordered_set<std::size_t> hashes;
  for (const SocketAddress& address : seen) hashes.insert(std::hash<SocketAddress>{}(address));
  EXPECT_EQ(hashes.size(), 2000U);
}

TEST(Cidr, TextIsReadAndBitsAfterThePrefixAreCleared) {
  static constexpr auto kRows = std::to_array<Text>({
      {"127.0.0.0/8", "127.0.0.0/8"},
      {"127.1.2.3/8", "127.0.0.0/8"},
      {"172.31.255.255/12", "172.16.0.0/12"},
      {"10.0.0.1", "10.0.0.1/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"fd12::1/7", "fc00::/7"},
      {"::1", "::1/128"},
      {"::/0", "::/0"},
      {"", ""},
      {"10.0.0.0/33", ""},
      {"::/129", ""},
      {"10.0.0.0/", ""},
      {"10.0.0.0/-1", ""},
      {"10.0.0.0/8x", ""},
      {"10.0.0.0/8/8", ""},
      {"10/8", ""},
      {"x.org", ""},
  });
  for (const Text& row : kRows) {
    const Result<Cidr> cidr = parse_cidr(row.input);
    EXPECT_EQ(cidr ? cidr->text() : "", row.text) << row.input;
    if (!cidr) {
      EXPECT_EQ(cidr.error().code, ErrorCode::bad_option);
    }
  }
}

TEST(Cidr, ContainsExactlyItsBlock) {
  const Cidr block = *parse_cidr("172.16.0.0/12");
  EXPECT_FALSE(block.contains(*parse_ip_address("172.15.255.255")));
  EXPECT_TRUE(block.contains(*parse_ip_address("172.16.0.0")));
  EXPECT_TRUE(block.contains(*parse_ip_address("172.31.255.255")));
  EXPECT_FALSE(block.contains(*parse_ip_address("172.32.0.0")));
  EXPECT_FALSE(block.contains(*parse_ip_address("::ffff:172.16.0.1")));
  EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(*parse_ip_address("1.2.3.4")));
  EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*parse_ip_address("::")));
  EXPECT_TRUE(parse_cidr("::/0")->contains(*parse_ip_address("ff::1")));
  EXPECT_TRUE(parse_cidr("::1/128")->contains(*parse_ip_address("::1")));
  EXPECT_FALSE(parse_cidr("::1/128")->contains(*parse_ip_address("::")));
}

TEST(LocalAddresses, AreSortedWithoutRepeats) {
  const std::vector<IpAddress> addresses = local_addresses();
  EXPECT_TRUE(std::ranges::is_sorted(addresses));
  EXPECT_EQ(std::ranges::adjacent_find(addresses), addresses.end());
}

}  // namespace
}  // namespace pixhaul::net
