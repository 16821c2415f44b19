#include "net/name_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace pixhaul::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class FakeResolver final : public Resolver {
 public:
  void ask(std::string_view name, AddressFamily family) override {
    asked.push_back(std::string(name) + (family == AddressFamily::v4 ? " A" : " AAAA"));
  }
  void take_answers(Instant, std::vector<Answer>& answers) override {
    for (Answer& answer : std::exchange(ready, {})) answers.push_back(std::move(answer));
  }
  Instant next_due() const override { return Instant::max(); }

  std::vector<std::string> asked;
  std::vector<Answer> ready;
};

class NameCacheTest : public testing::Test {
 protected:
  void use(const NameCacheSettings& settings, std::string_view hosts = "") {
    cache_.emplace(resolver_, HostsFile::parse(hosts), settings);
  }
  void good(const std::string& name, const char* address, Duration ttl = 100s) {
    const IpAddress ip = *parse_ip_address(address);
    resolver_.ready.push_back({.name = name, .family = ip.family, .addresses = {ip}, .ttl = ttl});
  }
  void bad(const std::string& name, AddressFamily family, ErrorCode status, Duration ttl = {}) {
    resolver_.ready.push_back({.name = name,
                               .family = family,
                               .ttl = ttl,
                               .status = status,
                               .detail = family == AddressFamily::v4 ? "four" : "six"});
  }
  std::vector<std::string> advance() {
    std::vector<std::string> finished;
    cache_->advance(now_, finished);
    return finished;
  }
  std::string found(std::string_view host) {
    const HostAddresses* known = cache_->find(host, now_);
    if (known == nullptr) return "unknown";
    if (known->status != ErrorCode::success) return "failed";
    std::string text;
    for (const IpAddress& ip : known->addresses) text += (text.empty() ? "" : " ") + ip.text();
    return text;
  }

  FakeResolver resolver_;
  std::optional<NameCache> cache_{std::in_place, resolver_, HostsFile(), NameCacheSettings{}};
  Instant now_{1000s};
};

TEST_F(NameCacheTest, EqualNamesAreAskedOnceAndAnswersAlternateFamilies) {
  EXPECT_EQ(found("a.test"), "unknown");
  cache_->request("a.test", now_);
  cache_->request("a.test", now_);
  EXPECT_THAT(resolver_.asked, ElementsAre("a.test AAAA", "a.test A"));
  EXPECT_THAT(advance(), IsEmpty());
  resolver_.ready = {{.name = "a.test",
                      .family = AddressFamily::v4,
                      .addresses = {*parse_ip_address("192.0.2.1"), *parse_ip_address("192.0.2.2")},
                      .ttl = 100s},
                     {.name = "a.test",
                      .family = AddressFamily::v6,
                      .addresses = {*parse_ip_address("2001:db8::1")},
                      .ttl = 100s}};
  EXPECT_THAT(advance(), ElementsAre("a.test"));
  EXPECT_EQ(found("a.test"), "2001:db8::1 192.0.2.1 192.0.2.2");
  EXPECT_EQ(cache_->next_due(), Instant::max());
}

TEST_F(NameCacheTest, WithoutIpv6OnlyOneQuestionIsAsked) {
  use({.ask_ipv6 = false});
  cache_->request("a.test", now_);
  EXPECT_THAT(resolver_.asked, ElementsAre("a.test A"));
  good("a.test", "192.0.2.1");
  EXPECT_THAT(advance(), ElementsAre("a.test"));
  EXPECT_EQ(found("a.test"), "192.0.2.1");
}

TEST_F(NameCacheTest, ALateFamilyIsWaitedForAMomentAndJoinsAfterwards) {
  cache_->request("a.test", now_);
  good("a.test", "192.0.2.1");
  EXPECT_THAT(advance(), IsEmpty());
  EXPECT_EQ(cache_->next_due(), now_ + 50ms);
  now_ += 49ms;
  EXPECT_THAT(advance(), IsEmpty());
  now_ += 1ms;
  EXPECT_THAT(advance(), ElementsAre("a.test"));
  EXPECT_EQ(found("a.test"), "192.0.2.1");
  good("a.test", "2001:db8::1");
  EXPECT_THAT(advance(), IsEmpty());
  EXPECT_EQ(found("a.test"), "2001:db8::1 192.0.2.1");
}

TEST_F(NameCacheTest, AfterABadAnswerTheOtherFamilyIsWaitedForInFull) {
  cache_->request("a.test", now_);
  bad("a.test", AddressFamily::v6, ErrorCode::dns_not_found);
  EXPECT_THAT(advance(), IsEmpty());
  EXPECT_EQ(cache_->next_due(), Instant::max());
  now_ += 3s;
  good("a.test", "192.0.2.1");
  EXPECT_THAT(advance(), ElementsAre("a.test"));
  EXPECT_EQ(found("a.test"), "192.0.2.1");
}

TEST_F(NameCacheTest, TimesToLiveAreKeptBetweenFloorAndCeiling) {
  const struct {
    Duration ttl;
    Duration kept;
  } cases[] = {{0s, 10s}, {30s, 30s}, {24h, 1h}};
  use({.ask_ipv6 = false});
  for (const auto& c : cases) {
    cache_->request("a.test", now_);
    good("a.test", "192.0.2.1", c.ttl);
    EXPECT_THAT(advance(), ElementsAre("a.test"));
    now_ += c.kept - 1ns;
    EXPECT_EQ(found("a.test"), "192.0.2.1");
    now_ += 1ns;
    EXPECT_EQ(found("a.test"), "unknown");
  }
}

TEST_F(NameCacheTest, FailuresAreKeptForAShorterTime) {
  const struct {
    ErrorCode status;
    Duration ttl;
    Duration kept;
  } cases[] = {{ErrorCode::dns_not_found, 20s, 20s},
               {ErrorCode::dns_not_found, 0s, 60s},
               {ErrorCode::dns_not_found, 1h, 60s},
               {ErrorCode::dns_timeout, 0s, 5s},
               {ErrorCode::dns_error, 1h, 5s}};
  use({.ask_ipv6 = false});
  for (const auto& c : cases) {
    cache_->request("a.test", now_);
    bad("a.test", AddressFamily::v4, c.status, c.ttl);
    EXPECT_THAT(advance(), ElementsAre("a.test"));
    now_ += c.kept - 1ns;
    ASSERT_EQ(found("a.test"), "failed");
    EXPECT_EQ(cache_->find("a.test", now_)->status, c.status);
    now_ += 1ns;
    EXPECT_EQ(found("a.test"), "unknown");
  }
}

TEST_F(NameCacheTest, AFailureIsFinalOnlyWhenBothFamiliesSayNo) {
  const struct {
    ErrorCode v4, v6, both;
    const char* detail;
  } cases[] = {
      {ErrorCode::dns_not_found, ErrorCode::dns_not_found, ErrorCode::dns_not_found, "four, six"},
      {ErrorCode::dns_not_found, ErrorCode::dns_timeout, ErrorCode::dns_timeout, "six"},
      {ErrorCode::dns_error, ErrorCode::dns_not_found, ErrorCode::dns_error, "four"},
      {ErrorCode::dns_error, ErrorCode::dns_timeout, ErrorCode::dns_error, "four"}};
  for (const auto& c : cases) {
    cache_->request("a.test", now_);
    bad("a.test", AddressFamily::v4, c.v4);
    bad("a.test", AddressFamily::v6, c.v6);
    EXPECT_THAT(advance(), ElementsAre("a.test"));
    EXPECT_EQ(cache_->find("a.test", now_)->status, c.both);
    EXPECT_EQ(cache_->find("a.test", now_)->detail, c.detail);
    now_ += 100s;
  }
}

TEST_F(NameCacheTest, OneFailingFamilyDoesNotSpoilTheOther) {
  cache_->request("a.test", now_);
  bad("a.test", AddressFamily::v6, ErrorCode::dns_error);
  good("a.test", "192.0.2.1");
  EXPECT_THAT(advance(), ElementsAre("a.test"));
  now_ += 50s;
  EXPECT_EQ(found("a.test"), "192.0.2.1");
}

TEST_F(NameCacheTest, HostsFileAndLocalhostNeedNoQuestion) {
  use({}, "192.0.2.7 photos.test\n2001:db8::7 photos.test");
  EXPECT_EQ(found("photos.test"), "2001:db8::7 192.0.2.7");
  EXPECT_EQ(found("localhost"), "::1 127.0.0.1");
  cache_->request("img.localhost", now_);
  EXPECT_EQ(cache_->next_due(), Instant::min());
  EXPECT_THAT(advance(), ElementsAre("img.localhost"));
  EXPECT_EQ(found("img.localhost"), "::1 127.0.0.1");
  EXPECT_THAT(resolver_.asked, IsEmpty());
}

TEST_F(NameCacheTest, HostsFileDecidesWhatLocalhostIs) {
  use({}, "127.0.0.1 localhost");
  EXPECT_EQ(found("localhost"), "127.0.0.1");
}

TEST_F(NameCacheTest, RequestOfAKnownNameIsToldAtOnce) {
  use({.ask_ipv6 = false});
  cache_->request("a.test", now_);
  good("a.test", "192.0.2.1");
  (void)advance();
  cache_->request("a.test", now_);
  EXPECT_THAT(advance(), ElementsAre("a.test"));
  EXPECT_EQ(resolver_.asked.size(), 1u);
}

TEST_F(NameCacheTest, SizeIsBoundedAndNamesInUseStay) {
  use({.ask_ipv6 = false, .capacity = 10}, "192.0.2.7 pinned");
  for (int i = 0; i < 100; ++i) {
    const std::string name = "host-" + std::to_string(i);
    cache_->request(name, now_);
    good(name, "192.0.2.1");
    (void)advance();
    EXPECT_EQ(found("host-0"), "192.0.2.1");
  }
  EXPECT_EQ(cache_->size(), 12u);  // and the two that need no question
  EXPECT_EQ(found("pinned"), "192.0.2.7");
  EXPECT_EQ(found("host-99"), "192.0.2.1");
  EXPECT_EQ(found("host-1"), "unknown");
}

TEST_F(NameCacheTest, NamesBeingLookedUpAreNotEvicted) {
  use({.ask_ipv6 = false, .capacity = 4});
  for (int i = 0; i < 20; ++i) cache_->request("host-" + std::to_string(i), now_);
  for (int i = 0; i < 20; ++i) good("host-" + std::to_string(i), "192.0.2.1");
  EXPECT_EQ(advance().size(), 20u);
  cache_->request("one-more", now_);
  EXPECT_LE(cache_->size(), 6u);
}

TEST_F(NameCacheTest, UnaskedAnswersAreIgnored) {
  good("never.test", "192.0.2.1");
  EXPECT_THAT(advance(), IsEmpty());
  EXPECT_EQ(found("never.test"), "unknown");
}

}  // namespace
}  // namespace pixhaul::net
