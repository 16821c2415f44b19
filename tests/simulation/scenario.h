#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/options.h"
#include "simulation/sim_world.h"

namespace pixhaul::testing {

/// A list and the hosts it names, with their faults, all drawn from one seed. What a URL answers
/// depends on its own attempts alone in a steady scenario, so that every schedule has the same end;
/// in the others hosts fail in ways that depend on time.
class Scenario {
 public:
  explicit Scenario(std::uint64_t seed);

  /// Puts the list on the disk of `world` and makes its hosts answer. Attempts count per world.
  void build(SimWorld& world);
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] bool is_steady() const { return is_steady_; }
  [[nodiscard]] std::uint32_t loops() const { return loops_; }

  /// What the origin gives whole for this line in the end; "" when it must not be a success.
  [[nodiscard]] std::string_view picture_of(std::string_view line) const;
  /// The line has to be a success: its host is healthy and so is its path.
  [[nodiscard]] bool must_succeed(std::string_view line) const;

 private:
  [[nodiscard]] std::string draw_line(Random& chance, std::size_t row) const;
  [[nodiscard]] SimServer draw_server(Random& chance) const;

  std::uint64_t seed_;
  bool is_steady_;
  std::uint32_t loops_;
  std::uint32_t hosts_;
  Options options_;
  std::vector<std::string> lines_;
};

}  // namespace pixhaul::testing
