#include "pipeline/crash_point.h"

#include <csignal>
#include <cstdlib>

namespace pixhaul::pipeline {

ledger::CrashPoint crash_point_of_environment() {
#ifdef PIXHAUL_DCHECK
  const char* text = std::getenv("PIXHAUL_CRASH_POINT");  // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr) return {};
  char* rest = nullptr;
  const long point = std::strtol(text, &rest, 10);
  const long times = *rest == ':' ? std::strtol(rest + 1, nullptr, 10) : 1;
  return [point, left = times](int passed) mutable {
    if (passed == point && --left == 0) std::raise(SIGKILL);
  };
#else
  return {};
#endif
}

}  // namespace pixhaul::pipeline
