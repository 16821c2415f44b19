#include "pipeline/watchers.h"

#include <fmt/format.h>

#include <utility>

#include "base/named_file.h"

namespace pixhaul::pipeline {

namespace {

// Prometheus asks every 15 s or so; its collector of text files reads what lies there then.
constexpr double kMetricsEvery = 5;

Error named(std::string_view option, Error error) {
  error.detail = fmt::format("--{}: {}", option, error.detail);
  return error;
}

}  // namespace

Result<std::unique_ptr<Watchers>> Watchers::open(const Options& options, const Clock& clock) {
  std::unique_ptr<Watchers> watchers(new Watchers());
  if (!options.events.empty()) {
    auto file = open_stream(options.events);
    if (!file) return std::unexpected(named("events", std::move(file).error()));
    watchers->events_ = std::make_unique<EventLog>(std::move(*file), clock);
    watchers->events_->run_started(options);
  }
  watchers->metrics_file_ = options.metrics_file;
  if (!options.metrics_file.empty()) {
    StatsSnapshot none;
    none.time = clock.wall_now();
    if (auto wrote = replace_text(options.metrics_file, stats_metrics(none)); !wrote)
      return std::unexpected(named("metrics_file", std::move(wrote).error()));
  }
  return watchers;
}

void Watchers::progress(const StatsSnapshot& now, Observer& observer) {
  last_ = now;
  if (events_ != nullptr) {
    events_->progress(now);
    if (const auto failure = events_->take_failure())
      observer.on_notice(named("events", *failure).detail + "; no more events are written");
  }
  if (metrics_file_.empty() || now.seconds - metrics_written_ < kMetricsEvery) return;
  metrics_written_ = now.seconds;
  if (auto wrote = replace_text(metrics_file_, stats_metrics(now)); !wrote) {
    metrics_file_.clear();
    observer.on_notice(named("metrics_file", std::move(wrote).error()).detail +
                       "; it is no longer kept");
  }
}

void Watchers::notice(const std::string& sentence) {
  if (events_ != nullptr) events_->notice(sentence);
}

void Watchers::finish(const Result<Summary>& summary) {
  if (events_ != nullptr) {
    events_->progress(last_, true);
    summary ? events_->run_finished(*summary) : events_->run_failed(summary.error());
    events_.reset();
  }
  // The last figures stay: what has been scraped late is still right.
  if (!metrics_file_.empty()) (void)replace_text(metrics_file_, stats_metrics(last_));
}

}  // namespace pixhaul::pipeline
