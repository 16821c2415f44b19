#include "pipeline/intake.h"

#include <utility>

#include "net/url.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::size_t kBatchRows = 256;  // one lock and one wake for so many

}  // namespace

Result<> Intake::run(std::stop_token stop) {
  Result<bool> more = true;
  while (more && *more && !stop.stop_requested()) more = step();
  finish();
  if (!more) return std::unexpected(std::move(more).error());
  return {};
}

Result<bool> Intake::step() {
  if (settings_.max_rows && rows_read() >= *settings_.max_rows) {
    reached_max_rows_.store(true, std::memory_order_release);
    return false;
  }
  auto more = take_row(row_);
  if (!more || *more) return more;
  flush();
  if (auto ended = end_list(); !ended) return std::unexpected(std::move(ended).error());
  return false;
}

void Intake::finish() {
  flush();
  window_.release(std::exchange(places_, {}));
}

// A shard's columns are cut before the next shard's first row is read.
Result<> Intake::end_shard() {
  auto columns = reader_.cut_columns();
  if (!columns) return std::unexpected(std::move(columns).error());
  const MemoryCharge charge(memory_, MemoryUser::tables, columns->capacity());
  return book_.end_shard(*columns);
}

Result<> Intake::end_list() {
  if (auto ended = end_shard(); !ended) return ended;
  if (auto ended = book_.end_of_list(next_index_, rows_read()); !ended) return ended;
  reached_end_.store(true, std::memory_order_release);
  return {};
}

// Where lists have shards of their own, a list's end is a shard's.
Result<bool> Intake::read_row(readers::RawRow& row) {
  for (;;) {
    if (batched_ > 0 && !reader_.is_ready()) flush();
    auto more = reader_.next(row);
    if (!more || *more || !reader_.has_next_list()) return more;
    if (auto ended = end_shard(); !ended) return std::unexpected(std::move(ended).error());
    const std::uint64_t in_shard = next_index_ % settings_.samples_per_shard;
    if (in_shard > 0) next_index_ += settings_.samples_per_shard - in_shard;
    if (auto begun = reader_.begin_next_list(); !begun)
      return std::unexpected(std::move(begun).error());
  }
}

// The next row, on its way. False at the list's end.
Result<bool> Intake::take_row(readers::RawRow& row) {
  if (rows_read() > 0 && next_index_ % settings_.samples_per_shard == 0) {
    if (auto ended = end_shard(); !ended) return std::unexpected(std::move(ended).error());
  }
  auto more = read_row(row);
  if (!more || !*more) return more;
  const std::uint64_t index = next_index_++;
  rows_read_.fetch_add(1, std::memory_order_relaxed);
  auto admitted = book_.admit(index, row.text, row.input, row.line);
  if (!admitted) return std::unexpected(std::move(admitted).error());
  if (*admitted == ShardBook::Admission::elsewhere) return true;
  if (*admitted == ShardBook::Admission::finished) {
    rows_resumed_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  if (places_.empty() || window_.is_heavy()) {
    flush();
    window_.release(std::exchange(places_, {}));
    window_.acquire(kBatchRows, places_);
    if (places_.empty()) return true;  // stopping
  }
  const std::uint32_t place = places_.back();
  places_.pop_back();
  PendingRow& pending = window_[place];
  pending.index = index;
  pending.line = row.line;
  pending.input = row.input;
  pending.url.assign(row.text);
  pending.verify_hash.assign(row.verify_hash);
  pending.boxes.clear();
  for (const readers::Box& box : row.boxes)
    pending.boxes.push_back({box.left, box.top, box.right, box.bottom});
  pending.body = row.body;
  window_.hold(place);
  send(place, row);
  if (++batched_ >= kBatchRows) flush();
  return true;
}

void Intake::send(std::uint32_t place, const readers::RawRow& row) {
  if (row.problem.empty() && row.body) {
    net::FetchResult standing{.id = place};
    standing.outcome.status = ErrorCode::success;
    standing.outcome.retrieved_at = clock_.wall_now();
    unfetched_.push_back(std::move(standing));
    return;
  }
  auto url =
      row.problem.empty()
          ? net::parse_url(row.text)
          : std::unexpected(Error{.code = ErrorCode::bad_row, .detail = std::string(row.problem)});
  if (url) {
    outgoing_[net::loop_of(*url, static_cast<std::uint32_t>(loops_.size()))].push_back(
        {.id = place, .url = std::move(*url)});
    return;
  }
  net::FetchResult refused{.id = place};
  refused.outcome.status = url.error().code;
  refused.outcome.detail = std::move(url).error().detail;
  refused.outcome.retrieved_at = clock_.wall_now();
  unfetched_.push_back(std::move(refused));
}

void Intake::flush() {
  batched_ = 0;
  for (std::size_t loop = 0; loop < loops_.size(); ++loop) {
    if (!outgoing_[loop].empty()) loops_[loop]->submit(std::exchange(outgoing_[loop], {}));
  }
  if (!unfetched_.empty()) writers_.take(*loops_.front(), std::exchange(unfetched_, {}));
}

}  // namespace pixhaul::pipeline
