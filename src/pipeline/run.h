#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/mutex.h"
#include "ledger/run_folder.h"
#include "pipeline/bottleneck.h"
#include "pipeline/client.h"
#include "pipeline/configure.h"
#include "pipeline/crew.h"
#include "pipeline/diagnosis.h"
#include "pipeline/fetch_stage.h"
#include "pipeline/intake.h"
#include "pipeline/open_input.h"
#include "pipeline/row_window.h"
#include "pipeline/shard_book.h"
#include "pipeline/standing.h"
#include "pipeline/watchers.h"
#include "pipeline/world.h"
#include "pipeline/write_stage.h"
#include "pixhaul/download.h"
#include "readers/reader.h"

namespace pixhaul::pipeline {

/// One run from list to folder: owns the stages, in this order, to which its crew gives turns:
///
///   intake → fetch stages (a loop each) → write workers → committer
///
/// `create` opens everything that can refuse; `work` sets the crew to work and watches it from the
/// caller's thread.
class Run {
 public:
  /// `world` and `crew` outlive the run; `input` says where rows come from if not from url_list.
  [[nodiscard]] static Result<std::unique_ptr<Run>> create(const Options& options, World& world,
                                                           Crew& crew, const Input& input = {});
  ~Run();
  [[nodiscard]] Result<Summary> work(Observer& observer, std::stop_token stop);

 private:
  Run(const Options& options, World& world, Crew& crew);
  [[nodiscard]] Result<> open(const Input& input);
  [[nodiscard]] Result<> open_list(const Input& input);
  [[nodiscard]] Result<> open_output();
  [[nodiscard]] Result<> open_network();
  [[nodiscard]] Result<std::unique_ptr<writers::SampleWriter>> make_writer();
  [[nodiscard]] Result<std::unique_ptr<SampleStore>> make_store();

  [[nodiscard]] Result<Summary> work_watched(Observer& observer, std::stop_token stop);
  void watch(Observer& observer, std::stop_token stop);
  void drain(Observer& observer);
  void stop_stages();
  void fail(Error error);
  [[nodiscard]] std::optional<Error> failure() const;
  [[nodiscard]] Stopped limit_reached(const StatsSnapshot& now) const;
  [[nodiscard]] StatsSnapshot snapshot();
  void count_workers(StatsSnapshot& stats) const;
  [[nodiscard]] std::vector<HostReport> merged_reports() const;
  [[nodiscard]] Result<Summary> summarise();
  [[nodiscard]] Result<> list_shards(Summary& summary);
  void extrapolate(Summary& summary) const;

  class Parts;

  const Options options_;
  RunSettings settings_;
  ShardBook::Redo redo_;
  World& world_;
  Crew& crew_;
  AllFiles lists_;
  std::unique_ptr<SharedNet> shared_;  // with what everybody's memory is counted by
  std::unique_ptr<readers::RowReader> reader_;
  std::unique_ptr<ledger::RunFolder> folder_;
  std::unique_ptr<writers::SampleWriter> sweeper_;
  std::unique_ptr<StandingSamples> standing_;  // the reader's
  std::unique_ptr<Watchers> watchers_;
  std::unique_ptr<ShardBook> book_;
  std::unique_ptr<RowWindow> window_;
  std::unique_ptr<WriteStage> write_stage_;
  std::vector<std::unique_ptr<Parts>> parts_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<FetchStage>> fetch_stages_;
  std::vector<FetchStage*> peers_;
  std::unique_ptr<Intake> intake_;
  std::vector<std::unique_ptr<WriteStage::Worker>> workers_;

  Instant started_{};
  Instant next_flush_{};
  Bottleneck bottleneck_;
  DiagnosisWatch diagnosis_;
  Stopped stopped_ = Stopped::no;
  std::optional<Stages> stages_;

  mutable Mutex mutex_;
  std::optional<Error> failure_ PIXHAUL_GUARDED_BY(mutex_);
};

}  // namespace pixhaul::pipeline
