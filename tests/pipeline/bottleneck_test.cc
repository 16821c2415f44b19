#include "pipeline/bottleneck.h"

#include <gtest/gtest.h>

namespace pixhaul::pipeline {
namespace {

TEST(Bottleneck, FullWorkersAreNamedWhenBodiesWaitForThem) {
  const StatsSnapshot now{.worker_threads = 2, .states = {.decoding = 2}};
  EXPECT_EQ(Bottleneck().words({.held_by_memory = true}, now), "decoding: 2 of 2 threads busy");
  const StatsSnapshot writing{.worker_threads = 2, .states = {.writing = 2}};
  EXPECT_EQ(Bottleneck().words({.held_by_memory = true}, writing),
            "the disk: 2 of 2 threads writing");
}

TEST(Bottleneck, MemoryIsNamedWhereNeitherDiskNorDecodingHoldIt) {
  const StatsSnapshot now{.memory_bytes = 200'000'000,
                          .memory_limit = 256'000'000,
                          .worker_threads = 2,
                          .states = {.reading = 40, .writing = 1}};
  EXPECT_EQ(Bottleneck().words({.held_by_memory = true}, now), "--memory: 200 of 256 MB held");
}

TEST(Bottleneck, TheLinkIsNamedWithTheRateOfTheLastMoment) {
  Bottleneck bottleneck;
  const net::FetchCounters all{.held_by_link = true};
  (void)bottleneck.words(all, {.seconds = 10, .bytes_wire = 1'000'000'000});
  EXPECT_EQ(bottleneck.words(all, {.seconds = 12, .bytes_wire = 1'235'000'000}),
            "the link: 940 Mbit/s");
}

TEST(Bottleneck, HostsThatHaveRowsWaitingAreCounted) {
  const net::FetchCounters all{.limit = 100, .waiting = 50, .hosts = 400};
  StatsSnapshot now{.in_flight = 3};
  now.hosts = {{.origin = "a", .condition = HostCondition::paced, .has_rows_queued = true},
               {.origin = "b", .has_rows_queued = true},
               {.origin = "c"},
               {.origin = "d", .condition = HostCondition::down, .has_rows_queued = true}};
  EXPECT_EQ(Bottleneck().words(all, now), "2 hosts at their own rate");
  now.hosts.resize(1);
  EXPECT_EQ(Bottleneck().words(all, now), "1 host at its own rate");
}

TEST(Bottleneck, AnIdleRunIsLimitedByNothing) {
  EXPECT_EQ(Bottleneck().words({.limit = 100}, {.in_flight = 3}), "");
}

TEST(Bottleneck, TheLimitOfAllIsNamed) {
  EXPECT_EQ(Bottleneck().words({.limit = 64, .waiting = 9}, {.in_flight = 64}),
            "concurrency: 64 at once");
}

}  // namespace
}  // namespace pixhaul::pipeline
