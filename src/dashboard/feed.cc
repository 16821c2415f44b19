#include "dashboard/feed.h"

#include "base/json_writer.h"

namespace pixhaul::dashboard {

void Feed::publish(const StatsSnapshot& now) {
  {
    const std::scoped_lock lock(mutex_);
    last_ = now;
    add_point(now);
    ++version_;
  }
  changed_.notify_all();
}

void Feed::notice(const std::string& sentence) {
  {
    const std::scoped_lock lock(mutex_);
    if (notices_.size() == kNotices) notices_.erase(notices_.begin());
    notices_.push_back(sentence);
    ++version_;
  }
  changed_.notify_all();
}

void Feed::finish() {
  {
    const std::scoped_lock lock(mutex_);
    is_finished_ = true;
    ++version_;
  }
  changed_.notify_all();
}

void Feed::close() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_all();
}

bool Feed::is_closed() const {
  const std::scoped_lock lock(mutex_);
  return is_closed_;
}

std::optional<Feed::News> Feed::next(std::uint64_t seen, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return is_closed_ || version_ > seen; });
  if (version_ <= seen) return std::nullopt;
  return News{.version = version_, .json = news_json()};
}

StatsSnapshot Feed::last() const {
  const std::scoped_lock lock(mutex_);
  return last_;
}

std::string Feed::history_json() const {
  const std::scoped_lock lock(mutex_);
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("points");
  json.begin_array();
  for (const Point& point : points_) {
    json.begin_array();
    json.value(point.seconds);
    json.value(point.rows);
    json.value(point.images);
    json.value(point.bytes);
    json.value(point.in_flight);
    json.end_array();
  }
  json.end_array();
  json.end_object();
  return text;
}

// Every second point goes when there is no more room, and the next ones come half as often.
void Feed::add_point(const StatsSnapshot& now) {
  if (!points_.empty() && now.seconds - points_.back().seconds < spacing_seconds_) return;
  if (points_.size() == kPoints) {
    for (std::size_t i = 0; i < kPoints / 2; ++i) points_[i] = points_[2 * i];
    points_.resize(kPoints / 2);
    spacing_seconds_ *= 2;
  }
  points_.push_back({.seconds = now.seconds,
                     .rows = now.rows_done,
                     .images = now.by_status[static_cast<std::size_t>(ErrorCode::success)],
                     .bytes = now.bytes_body,
                     .in_flight = now.in_flight});
}

std::string Feed::news_json() const {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("stats");
  json.raw(stats_json(last_));
  json.key("notices");
  json.begin_array();
  for (const std::string& sentence : notices_) json.value(std::string_view(sentence));
  json.end_array();
  json.field("finished", is_finished_);
  json.end_object();
  return text;
}

}  // namespace pixhaul::dashboard
