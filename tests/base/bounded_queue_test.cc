#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <thread>

namespace pixhaul {
namespace {

TEST(BoundedQueue, ItemsComeOutInOrderAndCloseLetsTheRestOut) {
  BoundedQueue<std::unique_ptr<int>> queue(4);
  EXPECT_TRUE(queue.push(std::make_unique<int>(1)));
  EXPECT_TRUE(queue.push(std::make_unique<int>(2)));
  queue.close();
  EXPECT_FALSE(queue.push(std::make_unique<int>(3)));
  EXPECT_EQ(**queue.pop(), 1);
  EXPECT_EQ(**queue.pop(), 2);
  EXPECT_FALSE(queue.pop().has_value());
}

TEST(BoundedQueue, TryPushRefusesWhenFullAndKeepsTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_push(first));
  EXPECT_FALSE(queue.try_push(second));
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, ABatchLargerThanTheQueueArrivesWholeAndInOrder) {
  BoundedQueue<int> queue(3);
  std::vector<int> sent(1000);
  std::iota(sent.begin(), sent.end(), 0);
  std::vector<int> got;
  std::jthread consumer([&] {
    while (queue.pop_all(got)) {
    }
  });
  EXPECT_TRUE(queue.push_all(std::vector<int>(sent)));
  queue.close();
  consumer.join();
  EXPECT_EQ(got, sent);
}

TEST(BoundedQueue, CloseWakesAProducerThatWaitsForRoom) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.push(1));
  bool accepted = true;
  std::jthread producer([&] { accepted = queue.push(2); });
  queue.close();
  producer.join();
  EXPECT_FALSE(accepted);
}

TEST(BoundedQueue, TryPopAllTakesWhatIsThere) {
  BoundedQueue<int> queue(4);
  std::vector<int> got;
  EXPECT_FALSE(queue.try_pop_all(got));
  EXPECT_TRUE(queue.push(7));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_TRUE(queue.try_pop_all(got));
  EXPECT_EQ(got, std::vector<int>{7});
}

}  // namespace
}  // namespace pixhaul
