#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/random.h"
#include "pipeline/crew.h"
#include "simulation/sim_world.h"

namespace pixhaul::testing {

/// Works a run's stages in one thread, a step at a time, in an order drawn from `seed`: another
/// seed is another schedule of the same run. One thread.
class StepCrew final : public pipeline::Crew {
 public:
  /// `after_commit` is called behind every shard that was reported as done.
  StepCrew(SimWorld& world, std::uint64_t seed, std::function<void()> after_commit)
      : world_(world), chance_(seed), after_commit_(std::move(after_commit)) {}

  void start(const pipeline::Stages& stages) override { stages_ = &stages; }
  [[nodiscard]] bool rest(std::chrono::milliseconds longest) override;
  [[nodiscard]] bool intake_has_ended() const override { return intake_ended_; }
  void end_intake() override { intake_asked_to_end_ = true; }
  void stop_intake() override;
  void stop_loops() override;
  void stop_writers() override;
  void stop_committer() override;

 private:
  void turn();
  void step_intake();
  bool step_writer(std::size_t writer);
  bool step_committer();

  SimWorld& world_;
  Random chance_;
  std::function<void()> after_commit_;
  const pipeline::Stages* stages_ = nullptr;  // not owned
  bool intake_ended_ = false;
  bool intake_asked_to_end_ = false;
  bool writing_failed_ = false;  // a stage that failed has no more turns, like a thread that ended
  bool committing_failed_ = false;
};

}  // namespace pixhaul::testing
