// PIXHAUL_SEEDS says how many seeds are tried (1,000; `make simulate` has 10,000), PIXHAUL_SEED
// tries that one alone. A failing seed is printed; with the commit it is all that is needed to see
// it again.
#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace pixhaul::testing {
namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string listed(const std::vector<std::string>& violations) {
  std::string text;
  for (const std::string& violation : violations) text += "\n  " + violation;
  return text;
}

TEST(Simulation, NoSeedLosesDoublesOrTearsARow) {
  const std::uint64_t only = number_from_environment("PIXHAUL_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t count = only != 0 ? 1 : number_from_environment("PIXHAUL_SEEDS", 1'000);
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t disturbances = 0;
  std::uint64_t power_cuts = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const SimulationReport report = simulate(seed);
    disturbances += report.disturbances;
    power_cuts += report.power_cuts;
    ASSERT_TRUE(report.violations.empty())
        << "PIXHAUL_SEED=" << seed << " digest " << report.digest << listed(report.violations);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  RecordProperty("seeds", std::to_string(count));
  RecordProperty("seeds_per_second", std::to_string(static_cast<double>(count) / took.count()));
  RecordProperty("disturbances", std::to_string(disturbances));
  RecordProperty("power_cuts", std::to_string(power_cuts));
}

TEST(Simulation, ASeedReplaysToTheSameEventLog) {
  const std::uint64_t replays = number_from_environment("PIXHAUL_REPLAYS", 20);
  for (std::uint64_t seed = 1; seed <= replays; ++seed) {
    const SimulationReport one = simulate(seed);
    const SimulationReport two = simulate(seed);
    EXPECT_EQ(one.digest, two.digest) << "seed " << seed;
    EXPECT_EQ(one.events, two.events) << "seed " << seed;
    EXPECT_NE(one.digest, simulate(seed + replays).digest) << "the log says nothing";
  }
}

TEST(Simulation, FiveSchedulesEndInTheSameBytes) {
  for (std::uint64_t seed = 1; seed <= number_from_environment("PIXHAUL_REPLAYS", 20); ++seed) {
    const auto ends = ends_under_schedules(seed, 5);
    for (const std::string& end : ends) EXPECT_EQ(end, ends.front()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace pixhaul::testing
