#include "base/buffer.h"

#include <gtest/gtest.h>

namespace pixhaul {
namespace {

TEST(Buffer, KeepsContentsWhileItGrows) {
  Buffer buffer;
  for (int i = 0; i < 1000; ++i) buffer.append("abcdefg");
  EXPECT_EQ(buffer.size(), 7000u);
  EXPECT_EQ(buffer.text().substr(6993), "abcdefg");
}

TEST(Buffer, WritableThenCommitAppends) {
  Buffer buffer(4);
  buffer.append("ab");
  auto room = buffer.writable(10);
  ASSERT_GE(room.size(), 10u);
  room[0] = std::byte{'c'};
  buffer.commit(1);
  EXPECT_EQ(buffer.text(), "abc");
}

TEST(Buffer, RemovePrefixMovesTheRestToTheFront) {
  Buffer buffer;
  buffer.append("header:body");
  buffer.remove_prefix(7);
  EXPECT_EQ(buffer.text(), "body");
}

TEST(Buffer, ClearKeepsItsMemory) {
  Buffer buffer(100);
  buffer.append("x");
  buffer.clear();
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_GE(buffer.capacity(), 100u);
}

TEST(Buffer, AMovedFromBufferIsEmpty) {
  Buffer first;
  first.append("abc");
  Buffer second = std::move(first);
  EXPECT_EQ(second.text(), "abc");
  EXPECT_EQ(first.size(), 0u);      // NOLINT(bugprone-use-after-move): the contract under test
  EXPECT_EQ(first.capacity(), 0u);  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace pixhaul
