#include "pipeline/sample_line.h"

#include <gtest/gtest.h>

#include <utility>

namespace pixhaul::pipeline {
namespace {

constexpr std::chrono::milliseconds kNow{0};

void arrive(SampleLine& line, std::uint64_t turn) {
  Arrival arrival{.turn = turn};
  arrival.result.id = turn;
  line.arrive(std::move(arrival));
}

// Makes the sample of the arrival that is let through; its turn.
std::uint64_t make_one(SampleLine& line, std::uint64_t bytes) {
  const auto arrival = line.take_arrival();
  line.finish(arrival->turn, {.place = static_cast<std::uint32_t>(arrival->turn)}, bytes);
  return arrival->turn;
}

TEST(SampleLine, SamplesComeAsTheyAreFinishedUnlessInOrder) {
  for (const bool ordered : {false, true}) {
    SampleLine line(ordered, 1'000);
    arrive(line, 0);
    arrive(line, 1);
    const auto first = line.take_arrival();
    const auto second = line.take_arrival();
    line.finish(second->turn, {.place = 1}, 10);
    EXPECT_EQ(line.wait(kNow), !ordered);
    line.finish(first->turn, {.place = 0}, 10);
    EXPECT_TRUE(line.wait(kNow));
    EXPECT_EQ(line.take_ready()->place, ordered ? 0u : 1u);
    EXPECT_EQ(line.take_ready()->place, ordered ? 1u : 0u);
  }
}

TEST(SampleLine, AFullLineLetsThroughTheRowItsReaderWaitsFor) {
  SampleLine line(true, 100);
  arrive(line, 2);
  EXPECT_EQ(make_one(line, 100), 2u);  // full now
  EXPECT_FALSE(line.wait(kNow));
  arrive(line, 1);
  arrive(line, 0);
  EXPECT_EQ(make_one(line, 100), 0u);  // would wait for ever otherwise
  EXPECT_EQ(line.take_ready()->place, 0u);
  EXPECT_EQ(make_one(line, 100), 1u);
  EXPECT_EQ(line.take_ready()->place, 1u);
  EXPECT_EQ(line.take_ready()->place, 2u);
}

TEST(SampleLine, TheEndIsBehindTheLastRow) {
  SampleLine line(false, 100);
  arrive(line, 0);
  line.end(1, Error{.code = ErrorCode::input_unreadable});
  EXPECT_FALSE(line.wait(kNow));
  make_one(line, 10);
  EXPECT_TRUE(line.wait(kNow));
  EXPECT_TRUE(line.take_ready());
  EXPECT_TRUE(line.wait(kNow));
  EXPECT_FALSE(line.take_ready());
  EXPECT_EQ(line.failure()->code, ErrorCode::input_unreadable);
}

TEST(SampleLine, ClosingLetsEverybodyGo) {
  SampleLine line(true, 100);
  arrive(line, 5);
  line.close();
  EXPECT_FALSE(line.take_arrival());
  EXPECT_TRUE(line.wait(kNow));
  EXPECT_FALSE(line.take_ready());
  EXPECT_FALSE(line.failure());
}

}  // namespace
}  // namespace pixhaul::pipeline
