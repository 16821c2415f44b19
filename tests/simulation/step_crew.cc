// The order of turns is the only thing threads add to a run, so a seed stands for a schedule: which
// stage goes next, how many rows the intake reads at once, how long a loop waits for its network
// while the others stand still.
#include "simulation/step_crew.h"

#include <utility>

namespace pixhaul::testing {

namespace {

constexpr Duration kTurns[] = {Duration(0), std::chrono::milliseconds(1),
                               std::chrono::milliseconds(20), std::chrono::milliseconds(250)};

}  // namespace

bool StepCrew::rest(std::chrono::milliseconds longest) {
  const Instant until = world_.clock().now() + longest;
  while (world_.clock().now() < until) {
    if (intake_ended_ && stages_->window.in_use() == 0) return true;
    turn();
    if (writing_failed_ || committing_failed_) break;
  }
  return stages_->window.in_use() == 0;
}

void StepCrew::turn() {
  const std::size_t loops = stages_->loops.size();
  const std::size_t writers = stages_->writers.size();
  const std::size_t chosen = chance_.next() % (loops + writers + 2);
  world_.log().add(chosen);
  if (chosen < loops) {
    stages_->loops[chosen]->step(kTurns[chance_.next() % std::size(kTurns)]);
  } else if (chosen < loops + writers) {
    (void)step_writer(chosen - loops);
  } else if (chosen == loops + writers) {
    for (std::uint64_t rows = chance_.next() % 20; rows > 0; --rows) step_intake();
  } else {
    (void)step_committer();
  }
}

void StepCrew::step_intake() {
  if (intake_ended_) return;
  Result<bool> more = !intake_asked_to_end_;
  if (*more) more = stages_->intake.step();
  if (more && *more) return;
  intake_ended_ = true;
  stages_->intake.finish();
  if (!more) stages_->fail(std::move(more).error());
}

bool StepCrew::step_writer(std::size_t writer) {
  if (writing_failed_) return false;
  auto worked = stages_->writers[writer]->step();
  if (worked) return *worked;
  writing_failed_ = true;
  stages_->fail(std::move(worked).error());
  return false;
}

bool StepCrew::step_committer() {
  if (committing_failed_) return false;
  auto committed = stages_->book.commit_one();
  if (committed) {
    if (*committed) after_commit_();
    return *committed;
  }
  committing_failed_ = true;
  stages_->fail(std::move(committed).error());
  return false;
}

void StepCrew::stop_intake() {
  while (!intake_ended_) step_intake();
}

void StepCrew::stop_loops() {
  for (pipeline::FetchStage* const loop : stages_->loops) loop->finish();
}

void StepCrew::stop_writers() {
  stages_->writing.close();
  for (std::size_t writer = 0; writer < stages_->writers.size(); ++writer) {
    while (step_writer(writer)) {
    }
  }
}

void StepCrew::stop_committer() {
  stages_->book.close();
  while (step_committer()) {
  }
}

}  // namespace pixhaul::testing
