#include "pipeline/row_window.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace pixhaul::pipeline {
namespace {

std::vector<std::uint32_t> acquire(RowWindow& window, std::size_t most) {
  std::vector<std::uint32_t> places;
  window.acquire(most, places);
  return places;
}

TEST(RowWindow, GivesOutItsPlacesAndTakesThemBack) {
  MemoryBudget budget(1000, 1000);
  RowWindow window(4, 1000, budget);
  const auto places = acquire(window, 10);
  EXPECT_EQ(places.size(), 4u);
  EXPECT_EQ(window.in_use(), 4u);
  window.release(places);
  EXPECT_TRUE(window.wait_empty(std::chrono::milliseconds(0)));
}

TEST(RowWindow, ShortRowsAreNotCounted) {
  MemoryBudget budget(1000, 1000);
  RowWindow window(4, 1, budget);
  for (const std::uint32_t place : acquire(window, 4)) {
    window[place].url = "http://h.test/" + std::string(200, 'a');
    window.hold(place);
  }
  EXPECT_FALSE(window.is_heavy());
  EXPECT_EQ(budget.used(), 0u);
}

TEST(RowWindow, ALongRowIsCountedUntilItIsReleasedAndLeavesNoMemoryBehind) {
  MemoryBudget budget(1000, 1000);
  RowWindow window(4, 10'000, budget);
  const auto places = acquire(window, 1);
  window[places[0]].url = std::string(100'000, 'a');
  window.hold(places[0]);
  EXPECT_TRUE(window.is_heavy());
  EXPECT_EQ(budget.used(MemoryUser::shards), 300'000u);
  window.release(places);
  EXPECT_FALSE(window.is_heavy());
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_LT(window[places[0]].url.capacity(), 100u);
}

TEST(RowWindow, ReadersWaitWhileLongRowsAreUnderWay) {
  MemoryBudget budget(1000, 1000);
  RowWindow window(4, 10'000, budget);
  const auto places = acquire(window, 1);
  window[places[0]].url = std::string(100'000, 'a');
  window.hold(places[0]);
  std::atomic<bool> is_released = false;
  std::jthread reader([&] {
    EXPECT_EQ(acquire(window, 1).size(), 1u);
    EXPECT_TRUE(is_released);
  });
  std::this_thread::yield();
  is_released = true;
  window.release(places);
}

TEST(RowWindow, AWaitingReaderIsLetGoWhenItCloses) {
  MemoryBudget budget(1000, 1000);
  RowWindow window(1, 1000, budget);
  const auto all = acquire(window, 1);
  std::jthread reader([&] { EXPECT_TRUE(acquire(window, 1).empty()); });
  window.close();
}

}  // namespace
}  // namespace pixhaul::pipeline
