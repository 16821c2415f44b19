// Every stage ends by its input being closed, so a thread repeats its stage's step until told that
// there will be no more.
#include "pipeline/crew.h"

#include <utility>

namespace pixhaul::pipeline {

namespace {

constexpr Duration kLongestTurn = std::chrono::milliseconds(250);

void guard(const Stages& stages, Result<> ended) {
  if (!ended) stages.fail(std::move(ended).error());
}

}  // namespace

void ThreadCrew::start(const Stages& stages) {
  stages_ = &stages;
  committer_ = std::jthread([&stages] { guard(stages, stages.book.commit_until_closed()); });
  for (const auto& writer : stages.writers)
    writers_.emplace_back([&stages, &writer] { guard(stages, writer->run()); });
  for (FetchStage* const loop : stages.loops) {
    loops_.emplace_back([loop](const std::stop_token& stop) {
      while (!stop.stop_requested()) loop->step(kLongestTurn);
      loop->finish();
    });
  }
  intake_ = std::jthread([this, &stages](std::stop_token stop) {
    guard(stages, stages.intake.run(std::move(stop)));
    {
      const MutexLock lock(mutex_);
      intake_ended_ = true;
    }
    stages.window.nudge();
  });
}

bool ThreadCrew::rest(std::chrono::milliseconds longest) {
  const bool is_empty = stages_->window.wait_empty(longest);
  // Nothing is under way while the list is being read: do not spin.
  if (is_empty && !intake_has_ended()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return is_empty;
}

bool ThreadCrew::intake_has_ended() const {
  const MutexLock lock(mutex_);
  return intake_ended_;
}

void ThreadCrew::stop_loops() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i].request_stop();
    stages_->loops[i]->wake();
  }
  loops_.clear();
}

void ThreadCrew::stop_writers() {
  stages_->writing.close();
  writers_.clear();
}

void ThreadCrew::stop_committer() {
  stages_->book.close();
  committer_.join();
}

}  // namespace pixhaul::pipeline
