#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pixhaul/stats.h"

namespace pixhaul::dashboard {

/// What open pages are told: the last snapshot, the notices so far, and the course of the run in
/// 600 points at most, which grow apart as it goes on. Any thread.
class Feed {
 public:
  static constexpr std::size_t kPoints = 600;
  static constexpr std::size_t kNotices = 20;

  void publish(const StatsSnapshot& now);
  void notice(const std::string& sentence);
  void finish();
  /// Nobody waits any more; what is newest may still be asked for.
  void close();
  [[nodiscard]] bool is_closed() const;

  struct News {
    std::uint64_t version = 0;
    std::string json{};  ///< {"stats": {…}, "notices": […], "finished": bool}
  };
  /// What is newer than `seen`, waiting `patience` for it at most; nullopt if nothing is.
  [[nodiscard]] std::optional<News> next(std::uint64_t seen, std::chrono::milliseconds patience);
  /// What was published last; nothing yet: all zero.
  [[nodiscard]] StatsSnapshot last() const;
  /// {"points": [[seconds, rows, images, body bytes, in flight], …]}
  [[nodiscard]] std::string history_json() const;

 private:
  struct Point {
    double seconds = 0;
    std::uint64_t rows = 0;
    std::uint64_t images = 0;
    std::uint64_t bytes = 0;
    std::uint64_t in_flight = 0;
  };
  void add_point(const StatsSnapshot& now);
  [[nodiscard]] std::string news_json() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  StatsSnapshot last_{};
  std::vector<Point> points_;
  double spacing_seconds_ = 0.5;
  std::vector<std::string> notices_;
  std::uint64_t version_ = 0;
  bool is_finished_ = false;
  bool is_closed_ = false;
};

}  // namespace pixhaul::dashboard
