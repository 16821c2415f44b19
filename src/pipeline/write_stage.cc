#include "pipeline/write_stage.h"

#include <algorithm>
#include <utility>

#include "pipeline/file_sink.h"

namespace pixhaul::pipeline {

namespace {

// The extension always comes from the bytes and from a closed list (reliability L2); what nobody
// recognised, which only `--validate none` lets through, is "bin".
std::string_view extension_of(const Outcome& outcome) {
  const std::string_view extension = file_extension(outcome.format);
  return extension.empty() ? "bin" : extension;
}

// A sink that cannot write ends the run: its row stays unfinished and is fetched again by the next
// one.
bool is_run_fault(ErrorCode code) {
  const auto statuses = row_statuses();
  return std::find(statuses.begin(), statuses.end(), code) == statuses.end();
}

Row make_row(const PendingRow& pending, const ledger::ShardLayout& layout,
             net::FetchResult& result) {
  return {.index = pending.index,
          .key = layout.key(pending.index),
          .input = std::string(pending.input),
          .line = pending.line,
          .url = pending.url,
          .outcome = std::move(result.outcome)};
}

}  // namespace

void WriteStage::take(FetchStage& from, std::vector<net::FetchResult>&& results) {
  batches_.push({&from, std::move(results)});
}

Result<> WriteStage::Worker::run() {
  while (auto batch = stage_.batches_.pop()) {
    if (auto worked = work_on(*batch); !worked) return worked;
  }
  return {};
}

Result<bool> WriteStage::Worker::step() {
  auto batch = stage_.batches_.try_pop();
  if (!batch) return false;
  if (auto worked = work_on(*batch); !worked) return std::unexpected(std::move(worked).error());
  return true;
}

Result<> WriteStage::Worker::work_on(Batch& batch) {
  rows_.clear();
  places_.clear();
  std::vector<Buffer> spent;
  doing_.store(Doing::writing, std::memory_order_relaxed);
  for (net::FetchResult& result : batch.results) {
    Outcome& outcome = result.outcome;
    if (is_run_fault(outcome.status)) {
      return std::unexpected(Error{.code = outcome.status, .detail = std::move(outcome.detail)});
    }
    std::span<const std::byte> standing;
    if (const auto& place = stage_.window_[result.id].body;
        place && outcome.status == ErrorCode::success) {
      auto read = bodies_.read(*place, outcome);
      if (!read) return std::unexpected(std::move(read).error());
      standing = *read;
    }
    latencies_.add(outcome.times);
    rows_.push_back({.row = make_row(stage_.window_[result.id], stage_.layout_, result)});
    if (auto kept = keep(result, standing, rows_.back()); !kept) return kept;
    stage_.memory_.release_finished(result.body.capacity());
    if (result.body.capacity() > 0) spent.push_back(std::move(result.body));
    places_.push_back(static_cast<std::uint32_t>(result.id));
  }
  if (!spent.empty()) batch.from->recycle(std::move(spent));
  if (auto entered = stage_.book_.finish(rows_); !entered) return entered;
  stage_.window_.release(places_);
  doing_.store(Doing::waiting, std::memory_order_relaxed);
  return {};
}

Result<> WriteStage::Worker::keep(net::FetchResult& result, std::span<const std::byte> standing,
                                  FinishedRow& finished) {
  Row& row = finished.row;
  if (row.outcome.status != ErrorCode::success) return {};
  if (result.sink != nullptr) {
    auto& sink = static_cast<FileSink&>(*result.sink);
    row.outcome.digest = sink.digest();
    auto path = sink.finish(extension_of(row.outcome));
    if (!path) return std::unexpected(std::move(path).error());
    row.path = std::move(*path);
    return {};
  }
  const PendingRow& pending = stage_.window_[result.id];
  const auto body = pending.body ? standing : result.body.bytes().subspan(result.body_begin);
  doing_.store(Doing::decoding, std::memory_order_relaxed);
  const auto sample = maker_.make(body, pending, row.outcome);
  doing_.store(Doing::writing, std::memory_order_relaxed);
  if (row.outcome.status != ErrorCode::success) return {};
  auto kept = store_->keep(row, extension_of(row.outcome), sample);
  if (!kept) return std::unexpected(std::move(kept).error());
  row.path = std::move(kept->path);
  finished.place = kept->place;
  return {};
}

}  // namespace pixhaul::pipeline
