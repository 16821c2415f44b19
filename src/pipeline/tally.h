#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "pixhaul/download.h"
#include "pixhaul/outcome.h"

namespace pixhaul::pipeline {

/// Counts how rows ended, for the summary: by status, and failures by reason with the hosts behind
/// them. Bounded: at most a few hundred reasons and, for each, a few hundred hosts by name. One
/// thread.
class Tally {
 public:
  void count(const Row& row, std::string_view host);
  /// Counts rows of which only the statuses are known.
  void count_totals(const std::map<ErrorCode, std::uint64_t>& by_status, std::uint64_t image_bytes);
  /// Only the reason for a failure that `count_totals` has counted already.
  void add_failure(const Row& row, std::string_view host);

  /// Most frequent first.
  [[nodiscard]] std::vector<FailureGroup> failures() const;
  /// The hosts behind each status that is a failure; statuses most frequent first.
  [[nodiscard]] std::vector<StatusHosts> status_hosts() const;
  [[nodiscard]] const std::array<std::uint64_t, 128>& by_status() const { return by_status_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t images() const { return images_; }
  [[nodiscard]] std::uint64_t image_bytes() const { return image_bytes_; }
  [[nodiscard]] std::uint64_t failed() const;
  [[nodiscard]] std::uint64_t refused() const;
  /// Nothing succeeded and every failure is DNS or connect.
  [[nodiscard]] bool is_network_down() const;

 private:
  struct Group {
    FailureGroup facts{};
    bool details_differ = false;
    std::unordered_map<std::string, std::uint64_t> hosts{};
  };

  std::array<std::uint64_t, 128> by_status_{};
  std::uint64_t rows_ = 0;
  std::uint64_t images_ = 0;
  std::uint64_t image_bytes_ = 0;
  std::unordered_map<std::uint32_t, Group> groups_;  // by status and HTTP code
};

}  // namespace pixhaul::pipeline
