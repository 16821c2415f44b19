#include "ledger/layout.h"

#include <gtest/gtest.h>

namespace pixhaul::ledger {
namespace {

TEST(ShardLayout, KeysAreThoseOfImg2dataset) {
  struct Case {
    std::uint32_t samples;
    std::uint64_t index;
    std::string_view key;
  };
  for (const Case& test :
       {Case{10'000, 0, "000000000"}, Case{10'000, 17, "000000017"},
        Case{10'000, 10'001, "000010001"}, Case{1'000, 1'234, "00001234"}, Case{15, 16, "0000101"},
        Case{1, 3, "00003"}, Case{10'000, 1'000'000'000, "1000000000"}}) {
    EXPECT_EQ(ShardLayout(test.samples).key(test.index), test.key);
  }
}

TEST(ShardLayout, ShardNamesComeBackAndOthersDoNot) {
  for (const std::uint64_t shard : {0u, 17u, 99'999u, 100'000u}) {
    EXPECT_EQ(parse_shard_name(shard_name(shard)), shard);
  }
  for (const std::string_view name : {"", "1", "0000a", "000017", "-0001", "00001 "}) {
    EXPECT_FALSE(parse_shard_name(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace pixhaul::ledger
