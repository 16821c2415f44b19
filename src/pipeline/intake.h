#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "pipeline/fetch_stage.h"
#include "pipeline/row_window.h"
#include "pipeline/shard_book.h"
#include "pipeline/write_stage.h"
#include "readers/reader.h"

namespace pixhaul::pipeline {

struct IntakeSettings {
  std::optional<std::uint64_t> max_rows{};
  std::uint32_t samples_per_shard = 10'000;
  std::uint64_t first_index = 0;  ///< of the list's first row; a multiple of samples_per_shard
};

/// The first stage: reads the list, asks the book which rows are still to be done, and sends each
/// to the loop its host lives on. What is no URL goes straight to the writers, as does a row whose
/// image lies in a file. One thread.
class Intake {
 public:
  /// References outlive the stage.
  Intake(readers::RowReader& reader, ShardBook& book, RowWindow& window,
         std::span<FetchStage* const> loops, WriteStage& writers, MemoryBudget& memory,
         const Clock& clock, const IntakeSettings& settings)
      : reader_(reader),
        book_(book),
        window_(window),
        loops_(loops),
        writers_(writers),
        memory_(memory),
        clock_(clock),
        settings_(settings),
        next_index_(settings.first_index),
        outgoing_(loops.size()) {}

  /// Reads until the list's end, `max_rows`, or a stop. Errors: input_unreadable, other_input,
  /// disk_full, output_unwritable.
  [[nodiscard]] Result<> run(std::stop_token stop);
  /// A part of that: reads one row. False when there are no more to read; `finish` is then due.
  /// Errors: as run.
  [[nodiscard]] Result<bool> step();
  /// After the last step: what was gathered goes on its way. `run` does both.
  void finish();

  // Any thread.
  [[nodiscard]] std::uint64_t rows_read() const {
    return rows_read_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t rows_resumed() const {
    return rows_resumed_.load(std::memory_order_relaxed);
  }
  /// The list was read to its end.
  [[nodiscard]] bool reached_end() const { return reached_end_.load(std::memory_order_acquire); }
  [[nodiscard]] bool reached_max_rows() const {
    return reached_max_rows_.load(std::memory_order_acquire);
  }

 private:
  [[nodiscard]] Result<bool> take_row(readers::RawRow& row);
  [[nodiscard]] Result<bool> read_row(readers::RawRow& row);
  [[nodiscard]] Result<> end_shard();
  [[nodiscard]] Result<> end_list();
  void send(std::uint32_t place, const readers::RawRow& row);
  void flush();

  readers::RowReader& reader_;
  ShardBook& book_;
  RowWindow& window_;
  std::span<FetchStage* const> loops_;
  WriteStage& writers_;
  MemoryBudget& memory_;
  const Clock& clock_;
  const IntakeSettings settings_;
  readers::RawRow row_;  // reused
  std::uint64_t next_index_;
  std::vector<std::vector<net::Job>> outgoing_;  // by loop
  std::vector<net::FetchResult> unfetched_;      // no URL, or no need of one
  std::vector<std::uint32_t> places_;            // acquired and not used yet
  std::size_t batched_ = 0;
  std::atomic<std::uint64_t> rows_read_ = 0;
  std::atomic<std::uint64_t> rows_resumed_ = 0;
  std::atomic<bool> reached_end_ = false;
  std::atomic<bool> reached_max_rows_ = false;
};

}  // namespace pixhaul::pipeline
