#pragma once

#include <functional>

#include "pixhaul/compare.h"
#include "pixhaul/doctor.h"
#include "pixhaul/download.h"

// The library's entry points, scripted: what the command passed in, what it gets back.
namespace pixhaul::cli {

struct FakeEngine {
  std::function<Result<Summary>(const Options&, Observer&, std::stop_token)> download;
  std::function<Result<Plan>(const Options&)> plan;
  std::function<Result<std::vector<Finding>>(const Options&)> examine;
  std::function<Result<ComparePlan>(const CompareOptions&)> plan_compare;
  std::function<Result<CompareResult>(const CompareOptions&,
                                      const std::function<void(std::uint32_t)>&)>
      compare;
};

/// The one the linked-in functions answer from; a test sets it anew.
[[nodiscard]] FakeEngine& fake_engine();

}  // namespace pixhaul::cli
