#include "writers/sizes_json.h"

#include <gtest/gtest.h>

#include <vector>

namespace pixhaul::writers {
namespace {

std::vector<ShardSize> shards(std::initializer_list<const char*> names) {
  std::vector<ShardSize> list;
  for (const char* name : names) list.push_back({.name = name});
  return list;
}

TEST(SizesJson, EachShardHasItsSamples) {
  const std::vector<ShardSize> list = {{.name = "00000.tar", .samples = 123},
                                       {.name = "00001.tar", .samples = 0}};
  EXPECT_EQ(sizes_json(list), "{\n    \"00000.tar\": 123,\n    \"00001.tar\": 0\n}");
  EXPECT_EQ(sizes_json({}), "{}");
}

TEST(BracePattern, RunsAreBracedAndGapsSplitThem) {
  EXPECT_EQ(brace_pattern({}), "");
  EXPECT_EQ(brace_pattern(shards({"00007.tar"})), "00007.tar");
  EXPECT_EQ(brace_pattern(shards({"00000.tar", "00001.tar", "00002.tar"})), "{00000..00002}.tar");
  EXPECT_EQ(
      brace_pattern(shards({"00000.tar", "00001.tar", "00003.tar", "00005.tar", "00006.tar"})),
      "{00000..00001}.tar::00003.tar::{00005..00006}.tar");
}

// Brace expansion pads every number of a range to the longest, so "{99999..100000}" would name a
// file 099999 that is not there.
TEST(BracePattern, ARangeDoesNotCrossANumberOfDigits) {
  EXPECT_EQ(brace_pattern(shards({"99998.tar", "99999.tar", "100000.tar", "100001.tar"})),
            "{99998..99999}.tar::{100000..100001}.tar");
}

}  // namespace
}  // namespace pixhaul::writers
