#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stats/histogram.h"

namespace pixhaul::pipeline {

/// What a report counts where the number of different things is not known: each of these holds a
/// bounded part of them. Values; one thread.

struct HostFacts {
  std::string host{};
  std::uint64_t rows = 0;
  std::uint64_t images = 0;
  std::uint64_t failed = 0;  ///< without those refused by policy or filter
  std::uint64_t bytes = 0;   ///< of images
  double total_ms = 0;       ///< of all attempts that count
  std::uint64_t timed = 0;   ///< rows behind total_ms
};

/// Rows by host; those seen first by name, the others together.
class HostTable {
 public:
  static constexpr std::size_t kNamed = 65'536;  // some 10 MB

  explicit HostTable(std::size_t named = kNamed) : named_(named) {}
  /// The counts to add to; `host` is then to be empty or a name.
  [[nodiscard]] HostFacts& of(std::string_view host);
  /// Those with most rows first.
  [[nodiscard]] std::vector<HostFacts> top(std::size_t count) const;
  [[nodiscard]] std::size_t size() const { return hosts_.size(); }
  /// Rows of hosts that have no name here.
  [[nodiscard]] const HostFacts& others() const { return others_; }

 private:
  std::size_t named_;
  std::unordered_map<std::string, HostFacts> hosts_;
  HostFacts others_;
};

/// Copies among digests. Exact up to `most` different ones; beyond, every second digest is left
/// out, then every second of the rest: all copies of a picture have the same digest, so that what
/// is left tells the share of copies of the whole.
class CopyCounter {
 public:
  static constexpr std::size_t kMost = 1u << 20;  // some 100 MB

  struct Group {
    std::string digest{};  ///< its first 16 digits
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;  ///< of one
    std::string first{};      ///< key of the first
  };

  explicit CopyCounter(std::size_t most = kMost) : most_(most) {}
  /// `digest`: in hex; one with fewer than 16 digits is none.
  void add(std::string_view digest, std::uint64_t bytes, std::string_view key);

  [[nodiscard]] std::uint64_t pictures() const { return pictures_; }
  /// How many of them are copies of an earlier one, and their bytes; an estimate if is_estimate().
  [[nodiscard]] std::uint64_t copies() const;
  [[nodiscard]] std::uint64_t copied_bytes() const;
  [[nodiscard]] bool is_estimate() const { return left_out_bits_ > 0; }
  /// The most frequent, of those counted; each is there twice at least.
  [[nodiscard]] std::vector<Group> top(std::size_t count) const;

 private:
  struct Seen {
    std::string key;  // of up to 15 letters: no memory of its own
    std::uint64_t bytes;
    std::uint64_t count;
  };
  void leave_out_half();
  [[nodiscard]] bool is_counted(std::uint64_t digest) const;

  std::size_t most_;
  std::uint64_t pictures_ = 0;
  int left_out_bits_ = 0;
  std::unordered_map<std::uint64_t, Seen> seen_;
};

/// How a run went: what ended in each stretch of time; at most kStretches of equal length, which
/// double when there would be more.
class Course {
 public:
  static constexpr std::int64_t kStretches = 96;

  struct Stretch {
    std::uint64_t images = 0;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
  };
  /// `time`: seconds since 1970.
  void add(std::int64_t time, std::uint64_t images, std::uint64_t failed, std::uint64_t bytes);
  [[nodiscard]] bool is_empty() const { return stretches_.empty(); }
  [[nodiscard]] std::int64_t seconds_each() const { return seconds_; }
  /// When the first begins, in seconds since 1970. REQUIRES: not empty.
  [[nodiscard]] std::int64_t begin() const;
  /// One after the other, empty ones too.
  [[nodiscard]] std::vector<Stretch> all() const;

 private:
  std::int64_t seconds_ = 1;
  std::map<std::int64_t, Stretch> stretches_;  // by time / seconds_
};

/// How values spread: percentiles at most 6 % above the truth, up to 4 GB.
class Spread {
 public:
  void add(std::uint64_t value);
  [[nodiscard]] std::uint64_t count() const { return counts_.count; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] std::uint64_t smallest() const { return smallest_; }
  [[nodiscard]] std::uint64_t largest() const { return largest_; }
  /// `share` from 0 to 1; 0 where nothing was counted.
  [[nodiscard]] std::uint64_t quantile(double share) const;

 private:
  stats::HistogramCounts counts_;
  std::uint64_t sum_ = 0;
  std::uint64_t smallest_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace pixhaul::pipeline
