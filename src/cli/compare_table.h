#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/compare.h"

// What `pixhaul compare` shows: pure functions from figures to text.
namespace pixhaul::cli {

/// The figures of one sitting, ours and, when asked for, those of Python requests in the same
/// rounds.
struct Comparison {
  CompareResult ours{};
  std::vector<CompareCell> requests{};  ///< connections_opened is 0: requests does not tell
  std::uint32_t rounds = 0;
};

/// The first round and the later ones of a cell; a session's first round is the only one that opens
/// connections.
struct RoundFigures {
  double cold = 0;
  std::optional<double> warm{};  ///< median of the later rounds; absent after a single one
  double least = 0;              ///< of the later rounds, or of the only one
  double most = 0;
};
[[nodiscard]] RoundFigures round_figures(const std::vector<double>& seconds);

/// "reuse · stream (requests: Session, r.raw)"
[[nodiscard]] std::string setting_name(const CompareCell& cell);
/// "reuse · stream"
[[nodiscard]] std::string short_setting_name(const CompareCell& cell);
/// The seconds published with the idea for this setting and count; nullopt for other counts and
/// HTTP/2.
[[nodiscard]] std::optional<double> published_seconds(const CompareCell& cell);

/// "320 requests to 1 host (4 settings x 20, 40 images x 8 rounds)".
[[nodiscard]] std::string announcement(const ComparePlan& plan, const CompareOptions& options,
                                       bool with_requests);
[[nodiscard]] std::string comparison_table(const Comparison& comparison);
[[nodiscard]] std::string comparison_json(const Comparison& comparison);
/// A bar chart as one SVG file that needs nothing else: a group for each count, a bar for each
/// setting.
[[nodiscard]] std::string comparison_svg(const Comparison& comparison);

}  // namespace pixhaul::cli
