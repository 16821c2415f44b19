#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "ledger/compare.h"
#include "ledger/open_shard.h"
#include "ledger/run_folder.h"
#include "pipeline/event_log.h"
#include "pipeline/tally.h"
#include "pixhaul/outcome.h"
#include "writers/writer.h"

namespace pixhaul::pipeline {

/// A row in its final status, with where its sample waits for the shard's file.
struct FinishedRow {
  Row row{};
  std::optional<ledger::DataPlace> place{};
};

/// Which rows are done, which are under way, and which shards can be committed. The reader asks it
/// row by row, the writers hand it finished rows, one thread commits. One lock, for the open
/// shards; the run folder has its own, and nothing is held while a shard is assembled.
class ShardBook {
 public:
  using Redo = std::function<bool(const Row&)>;  ///< null: finished rows are not done again
  /// Makes a complete shard's files and publishes it. Errors end the run.
  using Publish =
      std::function<Result<>(ledger::Assembly& shard, std::string input_digest, WallTime started)>;

  using PlaceOf = decltype(ledger::RunFolder::Reopening::place_of);

  /// `folder`, `sweeper` and `clock` outlive the book. `max_open`: the reader waits when so many
  /// shards are unfinished or wait for the committer. `place_of`: where the samples lie of rows
  /// that a new generation of their shard keeps; null where samples are files of their own.
  ShardBook(ledger::RunFolder& folder, writers::SampleWriter& sweeper, Redo redo, PlaceOf place_of,
            Publish publish, std::uint32_t max_open, const Clock& clock)
      : layout_(folder.layout()),
        folder_(folder),
        sweeper_(sweeper),
        redo_(std::move(redo)),
        place_of_(std::move(place_of)),
        publish_(std::move(publish)),
        max_open_(max_open),
        clock_(clock) {}

  /// Has failed rows and written shards told; before any work. `events` outlives the work.
  void tell(EventLog* events) { events_ = events; }

  // For the reader, one thread.

  /// The index of the list's first row.
  [[nodiscard]] std::uint64_t first_index() const {
    return layout_.first_index(folder_.first_shard());
  }
  enum class Admission : std::uint8_t { fetch, finished, elsewhere };
  /// The list's next row: is it to be fetched, was it finished by an earlier run, or is it another
  /// worker's? Waits while too many shards are open. Errors: other_input (the list is another one),
  /// disk_full, output_unwritable.
  [[nodiscard]] Result<Admission> admit(std::uint64_t index, std::string_view url,
                                        std::string_view input, std::uint64_t line);
  /// The list's columns of the shard whose last row was admitted; called before the next shard's
  /// first row and before the list's end. Errors: as admit.
  [[nodiscard]] Result<> end_shard(std::string_view columns);
  /// The list has ended behind `row_count` rows, before index `end`. Errors: as admit.
  [[nodiscard]] Result<> end_of_list(std::uint64_t end, std::uint64_t row_count);
  /// Lets a waiting reader go; it is told every row is finished.
  void give_up();

  // For the writers, any thread.

  /// Keeps a sample's bytes in the spool of its row's shard. Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<ledger::DataPlace> keep(std::uint64_t index,
                                               std::span<const std::byte> sample);
  /// Counts rows as finished and closes shards that have all of theirs. Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<> finish(const std::vector<FinishedRow>& rows);

  // For the committer, one thread.

  /// Commits shards as they are closed, until `close()`. Errors: disk_full, output_unwritable,
  /// state_damaged.
  [[nodiscard]] Result<> commit_until_closed();
  /// Commits one shard if one is closed now; whether one was. Errors: as commit_until_closed.
  [[nodiscard]] Result<bool> commit_one();
  /// No more shards will be closed.
  void close() { closed_shards_.close(); }
  /// Writes out what open shards hold, so that a kill loses nothing of it. Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<> flush();

  /// Rows finished in this run.
  [[nodiscard]] Tally tally() const;
  struct Progress {
    std::uint64_t done = 0;
    std::uint64_t images = 0;
    std::uint64_t image_bytes = 0;
    std::uint64_t failed = 0;
    std::array<std::uint64_t, 128> by_status{};
    std::uint64_t shards_open = 0;
    std::uint64_t shards_written = 0;
    std::vector<StatusHosts> status_hosts{};
  };
  [[nodiscard]] Progress progress() const;

 private:
  struct Entry {
    std::unique_ptr<ledger::OpenShard> shard;
    std::optional<std::uint32_t> expected{};  // rows in all, once the reader has passed its end
    std::string input_digest{};
    WallTime started{};
  };
  struct Closed {
    std::unique_ptr<ledger::OpenShard> shard;
    std::string input_digest;
    WallTime started;
  };
  struct Reading {  // the shard the reader is in
    explicit Reading(std::uint64_t number) : shard(number) {}
    std::uint64_t shard;
    std::optional<ledger::ShardCheck> check{};  // of a done shard
    ledger::InputDigest digest{};
    std::uint32_t rows = 0;
    bool is_elsewhere = false;
    std::uint32_t recorded_rows = 0;  // of the done shard
  };

  [[nodiscard]] Result<> enter_shard(std::uint64_t shard);
  [[nodiscard]] Result<> leave_shard();
  [[nodiscard]] Result<> grow_shard();
  void add_entry(std::unique_ptr<ledger::OpenShard> shard);
  [[nodiscard]] bool wins_nothing(const ledger::Assembly& shard) const;
  [[nodiscard]] Result<> commit(Closed& closed);
  void close_if_complete(std::uint64_t shard) PIXHAUL_REQUIRES(mutex_);
  void leave_waiting();

  const ledger::ShardLayout layout_;
  ledger::RunFolder& folder_;
  writers::SampleWriter& sweeper_;  // the committer's
  const Redo redo_;
  const PlaceOf place_of_;
  const Publish publish_;
  const std::uint32_t max_open_;
  const Clock& clock_;
  EventLog* events_ = nullptr;      // not owned, outlives the work; nullptr: nobody is told
  std::optional<Reading> reading_;  // the reader's own
  mutable Mutex mutex_;
  ConditionVariable closed_one_;
  std::map<std::uint64_t, Entry> open_ PIXHAUL_GUARDED_BY(mutex_);
  // Complete and not yet with the committer: they hold their rows' marks.
  std::uint32_t waiting_count_ PIXHAUL_GUARDED_BY(mutex_) = 0;
  bool gave_up_ PIXHAUL_GUARDED_BY(mutex_) = false;
  Tally tally_ PIXHAUL_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> shards_written_ = 0;
  BoundedQueue<Closed> closed_shards_{1u << 20};
};

}  // namespace pixhaul::pipeline
