#include "pipeline/probe_judge.h"

#include <fmt/format.h>

namespace pixhaul::pipeline {

std::optional<Error> ProbeJudge::judge(std::span<const std::byte> bytes) {
  // Without validation the first bytes still name the format; the walk is not needed.
  if (validate_ == Validate::none && probe_.is_decided() && probe_.dimensions())
    return std::nullopt;
  probe_.feed(bytes);
  if (validate_ == Validate::none) return std::nullopt;
  if (probe_.refusal()) return probe_.refusal();
  return std::nullopt;
}

std::optional<Error> ProbeJudge::finish() {
  if (validate_ == Validate::none) return std::nullopt;
  if (auto whole = probe_.finish(); !whole) return std::move(whole).error();
  return std::nullopt;
}

void ProbeJudge::describe(Outcome& outcome) const {
  outcome.format = probe_.format();
  if (probe_.dimensions()) {
    outcome.width = probe_.dimensions()->width;
    outcome.height = probe_.dimensions()->height;
  }
}

}  // namespace pixhaul::pipeline
