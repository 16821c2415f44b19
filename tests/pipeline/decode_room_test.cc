#include "pipeline/decode_room.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace pixhaul::pipeline {
namespace {

TEST(MemoryBudget, OthersTakeFromBodiesOnlyWhatIsBeyondTheirReserve) {
  MemoryBudget budget(100, 100, 40);
  budget.charge(59);
  EXPECT_FALSE(budget.is_full());
  budget.charge(MemoryUser::decode, 40);
  EXPECT_FALSE(budget.is_full());
  budget.charge(MemoryUser::tables, 1);
  EXPECT_TRUE(budget.is_full());
  EXPECT_EQ(budget.used(), 100u);
  budget.release(MemoryUser::tables, 1);
  budget.release(MemoryUser::decode, 40);
  budget.charge(1);
  EXPECT_TRUE(budget.is_full());  // the reserve is not theirs
}

TEST(MemoryCharge, IsGivenBackAtTheEndOfItsScope) {
  MemoryBudget budget(100, 100);
  {
    const MemoryCharge charge(budget, MemoryUser::shards, 7);
    EXPECT_EQ(budget.used(MemoryUser::shards), 7u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(DecodeRoom, SaysWhatCanNeverBeHeld) {
  MemoryBudget budget(100, 100, 50);
  const DecodeRoom room(budget, 50);
  EXPECT_TRUE(room.can_hold(50));
  EXPECT_FALSE(room.can_hold(51));
}

TEST(DecodeRoom, PicturesUseWhatBodiesLeave) {
  MemoryBudget budget(100, 100, 50);
  DecodeRoom room(budget, 50);
  const DecodeRoom::Place one(room, 50);
  const DecodeRoom::Place another(room, 50);
  EXPECT_EQ(budget.used(MemoryUser::decode), 100u);
}

TEST(DecodeRoom, WhoFindsNoneWaitsUntilOthersHaveLeft) {
  MemoryBudget budget(100, 100, 50);
  budget.charge(50);
  DecodeRoom room(budget, 50);
  std::atomic<bool> is_in = false;
  std::jthread waiting;
  {
    const DecodeRoom::Place large(room, 30);
    waiting = std::jthread([&] {
      const DecodeRoom::Place another(room, 30);
      EXPECT_EQ(budget.used(MemoryUser::decode), 30u);
      is_in = true;
    });
    std::this_thread::yield();
    EXPECT_FALSE(is_in);
  }
  waiting.join();
  EXPECT_TRUE(is_in);
  EXPECT_EQ(budget.used(MemoryUser::decode), 0u);
}

TEST(DecodeRoom, TheOnlyOneGoesOnWhateverBodiesHold) {
  MemoryBudget budget(100, 100, 50);
  budget.charge(90);
  DecodeRoom room(budget, 50);
  const DecodeRoom::Place alone(room, 50);
  EXPECT_EQ(budget.used(MemoryUser::decode), 50u);
}

TEST(DecodeRoom, ManyThreadsNeverTakeMoreThanTheirShare) {
  MemoryBudget budget(100, 100, 50);
  budget.charge(60);
  DecodeRoom room(budget, 50);
  std::atomic<std::uint64_t> most = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t size : {50u, 10u, 20u, 45u}) {
      threads.emplace_back([&, size] {
        for (int i = 0; i < 200; ++i) {
          const DecodeRoom::Place place(room, size);
          const std::uint64_t held = budget.used(MemoryUser::decode);
          std::uint64_t seen = most;
          while (seen < held && !most.compare_exchange_weak(seen, held)) continue;
        }
      });
    }
  }
  EXPECT_LE(most, 50u);
  EXPECT_EQ(budget.used(MemoryUser::decode), 0u);
}

}  // namespace
}  // namespace pixhaul::pipeline
