#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pixhaul/options.h"

namespace pixhaul {

/// The four-settings comparison: {reuse, fresh} × {stream, buffer}, over HTTP/1.1, one connection
/// per image.
struct CompareOptions {
  Options base{};                             ///< lists, network and policy settings
  std::vector<std::uint32_t> images{20, 40};  ///< how many at once
  std::uint32_t rounds = 8;
  bool http2_row = false;  ///< an extra row: reuse over HTTP/2, when the server speaks it
};

/// One setting at one count.
struct CompareCell {
  ConnectionMode connection = ConnectionMode::reuse;
  BodyMode body = BodyMode::stream;
  bool http2 = false;
  std::uint32_t images = 0;
  std::vector<double> seconds{};  ///< a round each; the first is a session's cold one
  std::vector<double> cpu_seconds{};
  std::uint64_t connections_opened = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failed = 0;
};

struct CompareResult {
  std::uint64_t requests = 0;
  std::uint64_t hosts = 0;
  std::vector<CompareCell> cells{};
};

/// What compare() will do, before it does: requests and hosts, and whether any host is public.
struct ComparePlan {
  std::uint64_t requests = 0;
  std::uint64_t hosts = 0;
  bool public_hosts = false;
  std::vector<std::string> urls{};
};
[[nodiscard]] Result<ComparePlan> plan_compare(const CompareOptions& options);

/// Runs the rounds interleaved. `between_rounds(round)` is called before each, so that a twin can
/// run in the same rounds. Errors: bad_option, input_unreadable, output_unwritable.
[[nodiscard]] Result<CompareResult> compare(
    const CompareOptions& options,
    const std::function<void(std::uint32_t round)>& between_rounds = {});

}  // namespace pixhaul
