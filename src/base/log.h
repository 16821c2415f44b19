#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"

namespace pixhaul {

enum class Severity : std::uint8_t { error, warning, info, debug };

/// "warning"
[[nodiscard]] std::string_view name(Severity level);

/// Where finished lines go. Any thread; lines come whole and one at a time.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void line(Severity level, std::string_view text) = 0;
};

/// One line an event: "2026-11-23T19:08:37.412Z warning net: text". Control characters and broken
/// UTF-8 in `text` are escaped, so that a hostile URL cannot drive a terminal or forge a line. Any
/// thread.
class Log {
 public:
  /// `clock` and `sink` outlive this.
  Log(Severity most, const Clock& clock, LogSink& sink) : most_(most), clock_(clock), sink_(sink) {}

  [[nodiscard]] bool shows(Severity level) const { return level <= most_; }
  /// `part`: the folder that speaks.
  void write(Severity level, std::string_view part, std::string_view text);

 private:
  const Severity most_;
  const Clock& clock_;
  Mutex mutex_;
  LogSink& sink_ PIXHAUL_GUARDED_BY(mutex_);
};

/// `time` as RFC 3339 in UTC with milliseconds: "2026-11-23T19:08:37.412Z", always 24 bytes for the
/// years 0000 to 9999; others are shown as the nearest of them.
void append_rfc3339(std::string& out, WallTime time);
/// The time that text names, or false.
[[nodiscard]] bool parse_rfc3339(std::string_view text, WallTime& time);

/// `text` with control characters, DEL, C1 controls, bidirectional overrides and broken UTF-8 as
/// \xNN.
void append_printable(std::string& out, std::string_view text);

}  // namespace pixhaul
