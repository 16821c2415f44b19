#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "pipeline/fetch_stage.h"
#include "pipeline/intake.h"
#include "pipeline/row_window.h"
#include "pipeline/shard_book.h"
#include "pipeline/write_stage.h"

namespace pixhaul::pipeline {

/// The stages of a run, front to back. None is owned; all outlive the crew's work on them.
struct Stages {
  Intake& intake;
  std::span<FetchStage* const> loops;
  WriteStage& writing;
  std::span<const std::unique_ptr<WriteStage::Worker>> writers;
  ShardBook& book;
  RowWindow& window;
  std::function<void(Error)> fail;  ///< told what ended a stage; any thread
};

/// Who gives the stages their turns. The run starts it, rests while it works, and stops the stages
/// from the front to the back; `end_intake` only asks, each `stop_` returns when that stage has
/// ended.
class Crew {
 public:
  virtual ~Crew() = default;
  virtual void start(const Stages& stages) = 0;
  /// Lets the stages work until no row is under way or `longest` has passed. True when none is.
  [[nodiscard]] virtual bool rest(std::chrono::milliseconds longest) = 0;
  /// The intake has ended, for whatever reason.
  [[nodiscard]] virtual bool intake_has_ended() const = 0;
  virtual void end_intake() = 0;
  virtual void stop_intake() = 0;
  virtual void stop_loops() = 0;
  virtual void stop_writers() = 0;
  virtual void stop_committer() = 0;
};

/// A thread for each stage, loop and writer: production.
class ThreadCrew final : public Crew {
 public:
  void start(const Stages& stages) override;
  [[nodiscard]] bool rest(std::chrono::milliseconds longest) override;
  [[nodiscard]] bool intake_has_ended() const override;
  void end_intake() override { intake_.request_stop(); }
  void stop_intake() override { intake_.join(); }
  void stop_loops() override;
  void stop_writers() override;
  void stop_committer() override;

 private:
  const Stages* stages_ = nullptr;  // not owned; outlives the threads
  mutable Mutex mutex_;
  bool intake_ended_ PIXHAUL_GUARDED_BY(mutex_) = false;
  std::jthread intake_;
  std::vector<std::jthread> loops_;
  std::vector<std::jthread> writers_;
  std::jthread committer_;
};

}  // namespace pixhaul::pipeline
