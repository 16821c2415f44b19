#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/mutex.h"
#include "ledger/commit.h"
#include "pixhaul/download.h"

namespace pixhaul::pipeline {

/// What `--events` writes: a run as NDJSON, an event a line, by docs/events.schema.json. Lines come
/// whole and in the order in which they were told. A reader that does not read holds the run up
/// once 64 KiB wait; nothing is left out. Any thread.
class EventLog {
 public:
  /// `clock` outlives it.
  EventLog(std::unique_ptr<WritableFile> file, const Clock& clock)
      : clock_(clock), file_(std::move(file)) {}
  ~EventLog();

  void run_started(const Options& options);
  void notice(const std::string& sentence);
  /// At most one a second is written, unless `is_last`; and whatever waits.
  void progress(const StatsSnapshot& now, bool is_last = false);
  /// A row in a final status other than success.
  void row_failed(const Row& row);
  /// A shard's files are visible. `name`: "00017".
  void shard_written(const std::string& name, const ledger::ShardRecord& shard);
  void run_finished(const Summary& summary);
  void run_failed(const Error& error);

  /// What kept events from being written; given once. Nothing is written after it.
  [[nodiscard]] std::optional<Error> take_failure();

 private:
  void write(const std::string& line);
  void flush() PIXHAUL_REQUIRES(mutex_);

  const Clock& clock_;
  RateWindow rates_;            // of the thread that tells progress
  double progress_shown_ = -1;  // likewise
  Mutex mutex_;
  const std::unique_ptr<WritableFile> file_ PIXHAUL_GUARDED_BY(mutex_);
  std::string waiting_ PIXHAUL_GUARDED_BY(mutex_);
  std::optional<Error> failure_ PIXHAUL_GUARDED_BY(mutex_);
  bool is_broken_ PIXHAUL_GUARDED_BY(mutex_) = false;
};

}  // namespace pixhaul::pipeline
