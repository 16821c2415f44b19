#include "net/address_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"

namespace pixhaul::net {
namespace {

IpAddress ip(std::string_view text) { return parse_ip_address(text).value(); }

AddressGuard make_guard(std::initializer_list<std::string> allow_net = {},
                        std::vector<IpAddress> own = {}) {
  return AddressGuard::create(std::vector<std::string>(allow_net), std::move(own)).value();
}

bool permits(const AddressGuard& guard, std::string_view address) {
  const Result<> verdict = guard.check(ip(address));
  EXPECT_TRUE(verdict || verdict.error().code == ErrorCode::address_denied);
  return verdict.has_value();
}

std::string denial(const AddressGuard& guard, std::string_view address) {
  const Result<> verdict = guard.check(ip(address));
  return verdict ? "permitted" : verdict.error().detail;
}

// docs: the 38 special addresses of the reliability reference, some cells of which hold two.
constexpr auto kSpecial = std::to_array<std::string_view>({
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "100::1",
    "2001:0:1::5601:5601",
    "2001:db8::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "fec0::1",
});
static_assert(kSpecial.size() == 38);

TEST(AddressGuard, All38SpecialAddressesAreRefused) {
  const AddressGuard guard = make_guard();
  for (const std::string_view address : kSpecial) EXPECT_FALSE(permits(guard, address)) << address;
}

TEST(AddressGuard, PublicAddressesArePermitted) {
  const AddressGuard guard = make_guard();
  for (const std::string_view address : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111",
                                         "2a00:1450::1", "2001:4860:4860::8888"})
    EXPECT_TRUE(permits(guard, address)) << address << ": " << denial(guard, address);
}

struct Block {
  std::string_view before;  // permitted neighbour, or empty
  std::string_view first;
  std::string_view last;
  std::string_view after;  // permitted neighbour, or empty
};

TEST(AddressGuard, EveryRangeEndsWhereItShould) {
  static constexpr auto kBlocks = std::to_array<Block>({
      {"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
      {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
      {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
      {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
      {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
      {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
      {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
      {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
      {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
      {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
      {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
      {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
      {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
      {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
      {"223.255.255.255", "224.0.0.0", "239.255.255.255", ""},
      {"", "240.0.0.0", "255.255.255.255", ""},
      {"", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
      {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
      {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
      {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
      {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
      {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
  });
  const AddressGuard guard = make_guard();
  for (const Block& block : kBlocks) {
    EXPECT_TRUE(block.before.empty() || permits(guard, block.before)) << block.before;
    EXPECT_FALSE(permits(guard, block.first)) << block.first;
    EXPECT_FALSE(permits(guard, block.last)) << block.last;
    EXPECT_TRUE(block.after.empty() || permits(guard, block.after)) << block.after;
  }
}

/// The same rule written a second time, by octets, so that a slip in the table shows.
bool is_special(int a, int b, int c, int d) {
  if (a == 0 || a == 10 || a == 127 || a >= 224) return true;
  if (a == 100) return b >= 64 && b < 128;
  if (a == 168) return b == 63 && c == 129 && d == 16;
  if (a == 169) return b == 254;
  if (a == 172) return b >= 16 && b < 32;
  if (a == 192) return b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99);
  if (a == 198) return b == 18 || b == 19 || (b == 51 && c == 100);
  return a == 203 && b == 0 && c == 113;
}

TEST(AddressGuard, AgreesWithASecondTableInEverySlash16) {
  const AddressGuard guard = make_guard();
  for (std::uint32_t block = 0; block < 65536; ++block) {
    const int a = static_cast<int>(block >> 8);
    const int b = static_cast<int>(block & 255);
    for (const int low : {0, 1, 0x0201, 0x6301, 0x6401, 0x7101, 0x8110, 0xffff}) {
      const IpAddress address = IpAddress::v4(block << 16 | static_cast<std::uint32_t>(low));
      ASSERT_EQ(!guard.check(address), is_special(a, b, low >> 8, low & 255)) << address.text();
    }
  }
}

/// PIXHAUL_ADDRESS_STRIDE: every so many-th IPv4 address is asked for; 1 is all of them (minutes).
TEST(AddressGuard, AgreesWithASecondTableOnAddressesAllOver) {
  const char* const given = std::getenv("PIXHAUL_ADDRESS_STRIDE");
  const std::uint64_t stride = given == nullptr ? 65'521 : std::strtoull(given, nullptr, 10);
  const AddressGuard guard = make_guard();
  std::atomic<std::uint64_t> wrong = 0;
  const auto check_from = [&](std::uint64_t first, std::uint64_t step) {
    for (std::uint64_t value = first; value < std::uint64_t{1} << 32; value += step) {
      const auto octet = [value](int shift) { return static_cast<int>(value >> shift & 255); };
      const bool permitted =
          guard.check(IpAddress::v4(static_cast<std::uint32_t>(value))).has_value();
      if (permitted == is_special(octet(24), octet(16), octet(8), octet(0))) ++wrong;
    }
  };
  {
    const std::uint64_t threads = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::jthread> all;
    for (std::uint64_t i = 0; i < threads; ++i)
      all.emplace_back(check_from, i * stride, threads * stride);
  }
  EXPECT_EQ(wrong, 0u);
}

/// RFC 4291 §2.4 and the registry of special addresses, by bytes; ISATAP (RFC 5214 §6.1) within.
bool is_special(const std::array<std::uint8_t, 16>& b) {
  if (b[0] >> 5 != 1) return true;
  if (b[0] == 0x20 && b[1] == 0x01 && b[2] < 2) return true;
  if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) return true;
  if (b[0] == 0x20 && b[1] == 0x02) return true;
  if (b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10) return true;
  const bool is_isatap = (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe;
  return is_isatap && is_special(b[12], b[13], b[14], b[15]);
}

/// PIXHAUL_ADDRESSES: how many random IPv6 addresses are asked for.
TEST(AddressGuard, AgreesWithASecondTableOnRandomIpv6Addresses) {
  const char* const given = std::getenv("PIXHAUL_ADDRESSES");
  const std::uint64_t count = given == nullptr ? 100'000 : std::strtoull(given, nullptr, 10);
  const AddressGuard guard = make_guard();
  Random chance(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t at = 0; at < 16; at += 8) {
      const std::uint64_t word = chance.next();
      for (std::size_t k = 0; k < 8; ++k)
        bytes[at + k] = static_cast<std::uint8_t>(word >> (8 * k));
    }
    // Left alone nearly all would fall outside 2000::/3 and none into what is special within it.
    if (i % 4 != 0) bytes[0] = static_cast<std::uint8_t>(i % 4 == 1 ? 0x20 : 0x3f);
    if (i % 8 == 1) bytes[1] = static_cast<std::uint8_t>(chance.next() % 3);
    if (i % 8 == 3) bytes[1] = 0xff;
    if (i % 16 == 2) bytes[9] = 0, bytes[8] = bytes[8] & 2, bytes[10] = 0x5e, bytes[11] = 0xfe;
    const IpAddress address = IpAddress::v6(bytes);
    ASSERT_EQ(!guard.check(address), is_special(bytes)) << address.text();
  }
}

TEST(AddressGuard, AnEmbeddedAddressIsJudgedToo) {
  // The outer ranges are permitted here, so that only the inner address can be what is refused.
  const AddressGuard guard = make_guard({"::/0"});
  for (const std::string_view address :
       {"::ffff:127.0.0.1", "::ffff:0:10.0.0.1", "::192.168.0.1", "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2001:0:102:304::80ff:fffe",  // 127.0.0.1 inverted
        "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:10.0.0.1",
        "2606:4700::200:5efe:168.63.129.16"})
    EXPECT_THAT(denial(guard, address), testing::HasSubstr(" carries ")) << address;
  for (const std::string_view address :
       {"::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b::8.8.8.8",
        "2002:808:808::", "2001:0:a00:1::f7f7:f7f7", "2606:4700::5efe:8.8.8.8",
        "2606:4700::5eff:10.0.0.1", "2606:4700::100:5efe:10.0.0.1", "::1", "::"})
    EXPECT_EQ(denial(guard, address), "permitted") << address;
}

TEST(AddressGuard, AnEmbeddedPublicAddressDoesNotOpenADeniedRange) {
  const AddressGuard guard = make_guard();
  for (const std::string_view address :
       {"::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"})
    EXPECT_FALSE(permits(guard, address)) << address;
  EXPECT_TRUE(permits(guard, "2606:4700::5efe:8.8.8.8"));
  EXPECT_FALSE(permits(guard, "2606:4700::5efe:10.0.0.1"));
}

TEST(AddressGuard, AllowNetPermitsItsBlockAndNothingElse) {
  const AddressGuard guard = make_guard({"127.0.0.0/8", "fd00::/8", "192.168.7.7"});
  EXPECT_TRUE(permits(guard, "127.0.0.1"));
  EXPECT_TRUE(permits(guard, "::ffff:127.0.0.1"));
  EXPECT_TRUE(permits(guard, "fd00::1"));
  EXPECT_TRUE(permits(guard, "192.168.7.7"));
  EXPECT_FALSE(permits(guard, "192.168.7.8"));
  EXPECT_FALSE(permits(guard, "::1"));
  EXPECT_FALSE(permits(guard, "fc00::1"));
  EXPECT_FALSE(
      permits(guard, "64:ff9b::127.0.0.1"));  // leads to the gateway's loopback, not to ours
  EXPECT_FALSE(permits(guard, "10.0.0.1"));
}

TEST(AddressGuard, OwnAddressesAreRefusedUnlessAllowed) {
  const std::vector<IpAddress> own = {ip("2606:4700::7"), ip("8.8.4.4")};
  const AddressGuard guard = make_guard({}, own);
  EXPECT_EQ(denial(guard, "8.8.4.4"),
            "8.8.4.4 is this machine's own; --allow_net 8.8.4.4/32 permits it");
  EXPECT_FALSE(permits(guard, "2606:4700::7"));
  EXPECT_FALSE(permits(guard, "2606:4700::5efe:8.8.4.4"));
  EXPECT_TRUE(permits(guard, "8.8.4.5"));
  EXPECT_TRUE(permits(make_guard({"8.8.4.0/24"}, own), "8.8.4.4"));
}

TEST(AddressGuard, DenialsNameTheReasonAndTheRemedy) {
  const AddressGuard guard = make_guard();
  EXPECT_EQ(denial(guard, "127.0.0.1"),
            "127.0.0.1 is loopback; --allow_net 127.0.0.0/8 permits it");
  EXPECT_EQ(denial(guard, "::1"), "::1 is loopback; --allow_net ::1/128 permits it");
  EXPECT_EQ(denial(guard, "255.255.255.255"),
            "255.255.255.255 is broadcast; --allow_net 255.255.255.255/32 permits it");
  EXPECT_EQ(
      denial(guard, "::ffff:127.0.0.1"),
      "::ffff:7f00:1 carries 127.0.0.1, which is loopback; --allow_net 127.0.0.0/8 permits it");
  EXPECT_EQ(denial(guard, "4000::1"),
            "4000::1 is outside global unicast 2000::/3; --allow_net 4000::1/128 permits it");
}

// A message that names a remedy which does not help is worse than none.
TEST(AddressGuard, TheNamedRemediesHelp) {
  for (const std::string_view address : kSpecial) {
    std::vector<std::string> allow;
    for (int step = 0; step < 3; ++step) {
      const AddressGuard guard = AddressGuard::create(allow).value();
      if (permits(guard, address)) break;
      const std::string detail = denial(guard, address);
      const std::size_t begin = detail.find("--allow_net ") + 12;
      allow.push_back(detail.substr(begin, detail.find(' ', begin) - begin));
    }
    EXPECT_TRUE(permits(AddressGuard::create(allow).value(), address)) << address;
  }
}

TEST(AddressGuard, ABlockThatIsNoneIsABadOption) {
  const std::vector<std::string> allow = {"127.0.0.0/8", "localhost"};
  const Result<AddressGuard> guard = AddressGuard::create(allow);
  ASSERT_FALSE(guard);
  EXPECT_EQ(guard.error().code, ErrorCode::bad_option);
  EXPECT_EQ(guard.error().detail,
            "--allow_net: 'localhost' is not a block of addresses such as 127.0.0.0/8 or fd00::/8");
}

}  // namespace
}  // namespace pixhaul::net
