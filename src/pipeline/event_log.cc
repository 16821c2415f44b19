// Events are told by the threads on which things happen and wait in memory for the next report,
// four times a second, or for 64 KiB: a system call for each failed row would cost more than the
// row.
#include "pipeline/event_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/json_writer.h"
#include "ledger/row_json.h"
#include "pixhaul/option_table.h"
#include "pixhaul/version.h"
#include "stats/event_head.h"

namespace pixhaul {

std::string_view name(Stopped stopped) {
  constexpr std::string_view kNames[] = {"",           "interrupted", "max_rows",
                                         "max_errors", "max_bytes",   "max_duration"};
  return kNames[static_cast<std::size_t>(stopped)];
}

}  // namespace pixhaul

namespace pixhaul::pipeline {

namespace {

constexpr std::size_t kMostWaiting = 64u << 10;
constexpr double kProgressEvery = 1;

/// One event: an object that begins as all do.
class Event {
 public:
  Event(std::string_view event, WallTime time) : json(text_) {
    json.begin_object();
    stats::event_head(json, event, time);
  }
  [[nodiscard]] std::string finish() {
    json.end_object();
    return std::move(text_);
  }

 private:
  std::string text_;

 public:
  JsonWriter json;
};

void append_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name);
  json.begin_array();
  for (const std::string& text : texts) json.value(std::string_view(text));
  json.end_array();
}

void append_group(JsonWriter& json, const FailureGroup& group) {
  json.begin_object();
  json.field("status", name(group.status));
  json.key("http_status");
  group.http_status > 0 ? json.value(group.http_status) : json.null();
  json.field("count", group.count);
  json.field("transient", group.transient);
  json.text_or_null("detail", group.detail);
  append_texts(json, "hosts", group.hosts);
  json.field("host_count", group.host_count);
  json.field("first_input", std::string_view(group.first_input));
  json.field("first_line", group.first_line);
  json.field("first_url", std::string_view(group.first_url));
  json.end_object();
}

}  // namespace

EventLog::~EventLog() {
  const MutexLock lock(mutex_);
  flush();
}

void EventLog::run_started(const Options& options) {
  Event event("run_started", clock_.wall_now());
  event.json.field("pixhaul", std::string_view(version()));
  event.json.field("process", static_cast<std::uint64_t>(::getpid()));
  event.json.field("output_folder", std::string_view(options.output_folder));
  event.json.field("output_format", std::string_view(option_text(options, "output_format")));
  event.json.field("worker_index", options.worker_index);
  event.json.field("worker_count", options.worker_count);
  write(event.finish());
}

void EventLog::notice(const std::string& sentence) {
  write(notice_event(clock_.wall_now(), sentence));
}

void EventLog::progress(const StatsSnapshot& now, bool is_last) {
  rates_.add(now);
  if (is_last || progress_shown_ < 0 || now.seconds - progress_shown_ >= kProgressEvery) {
    progress_shown_ = now.seconds;
    write(progress_event(now, rates_));
  }
  const MutexLock lock(mutex_);
  flush();
}

void EventLog::row_failed(const Row& row) {
  Event event("row_failed", clock_.wall_now());
  std::string line;
  ledger::append_row_json(line, row, "");
  event.json.key("row");
  event.json.raw(line);
  write(event.finish());
}

void EventLog::shard_written(const std::string& shard_name, const ledger::ShardRecord& shard) {
  Event event("shard_written", clock_.wall_now());
  event.json.field("shard", std::string_view(shard_name));
  event.json.field("generation", shard.generation);
  event.json.field("rows", shard.rows);
  event.json.field("image_bytes", shard.image_bytes);
  event.json.key("by_status");
  event.json.begin_object();
  for (const auto& [status, count] : shard.by_status)
    event.json.field(pixhaul::name(status), count);
  event.json.end_object();
  write(event.finish());
}

void EventLog::run_finished(const Summary& summary) {
  Event event("run_finished", clock_.wall_now());
  event.json.field("seconds", summary.stats.seconds);
  event.json.text_or_null("stopped", pixhaul::name(summary.stopped));
  event.json.field("network_down", summary.network_down);
  event.json.field("rows", summary.rows);
  event.json.field("images", summary.images);
  event.json.field("image_bytes", summary.image_bytes);
  event.json.field("failed", summary.failed);
  event.json.field("refused", summary.refused);
  event.json.key("failures");
  event.json.begin_array();
  for (const FailureGroup& group : summary.failures) append_group(event.json, group);
  event.json.end_array();
  event.json.text_or_null("shards", summary.shards);
  event.json.text_or_null("failed_list", summary.failed_list);
  event.json.text_or_null("failed_table", summary.failed_table);
  append_texts(event.json, "diagnosis", summary.diagnosis);
  write(event.finish());
}

void EventLog::run_failed(const Error& error) {
  Event event("run_failed", clock_.wall_now());
  event.json.field("error", pixhaul::name(error.code));
  event.json.field("detail", std::string_view(error.detail));
  write(event.finish());
}

std::optional<Error> EventLog::take_failure() {
  const MutexLock lock(mutex_);
  return std::exchange(failure_, std::nullopt);
}

void EventLog::write(const std::string& line) {
  const MutexLock lock(mutex_);
  if (is_broken_) return;
  waiting_.append(line).push_back('\n');
  if (waiting_.size() >= kMostWaiting) flush();
}

void EventLog::flush() {
  if (is_broken_ || waiting_.empty()) return;
  if (auto wrote = file_->write(std::as_bytes(std::span(waiting_))); !wrote) {
    is_broken_ = true;
    failure_ = std::move(wrote).error();
  }
  waiting_.clear();
}

}  // namespace pixhaul::pipeline
