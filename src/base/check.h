#pragma once

namespace pixhaul {

/// Prints file, line and the broken condition to standard error and aborts. For defects only, never
/// for input.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace pixhaul

/// In every build.
#define PIXHAUL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::pixhaul::check_failed(#condition, __FILE__, __LINE__))

/// In builds with PIXHAUL_DCHECK (dev, asan, tsan, fuzz).
#ifdef PIXHAUL_DCHECK
#define PIXHAUL_DEBUG_CHECK(condition) PIXHAUL_CHECK(condition)
#else
#define PIXHAUL_DEBUG_CHECK(condition) static_cast<void>(0)
#endif
