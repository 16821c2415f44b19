#include "pipeline/retry_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pixhaul::pipeline {

Result<std::function<bool(const Row&)>> parse_retry_choice(std::string_view text) {
  if (text.empty() || text == "none") return std::function<bool(const Row&)>();
  if (text == "all") return [](const Row& row) { return row.outcome.status != ErrorCode::success; };
  if (text == "transient") {
    return [](const Row& row) {
      return row.outcome.status != ErrorCode::success && row.outcome.transient;
    };
  }
  std::vector<ErrorCode> chosen;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    auto code = parse_error_code(word);
    if (!code || *code == ErrorCode::success ||
        std::find(row_statuses().begin(), row_statuses().end(), *code) == row_statuses().end()) {
      return std::unexpected(
          Error{.code = ErrorCode::bad_option,
                .detail = fmt::format("--retry_failed: '{}' is neither transient, all nor a status "
                                      "a row can fail with (see pixhaul explain)",
                                      word)});
    }
    chosen.push_back(*code);
  }
  return [chosen = std::move(chosen)](const Row& row) {
    return std::find(chosen.begin(), chosen.end(), row.outcome.status) != chosen.end();
  };
}

}  // namespace pixhaul::pipeline
