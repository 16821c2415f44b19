#pragma once

#include <cstdint>

#include "pixhaul/result.h"

namespace pixhaul::sandbox {

struct LockdownLimits {
  /// RLIMIT_AS; 0 for none. Ignored in builds with a sanitizer, whose shadow takes terabytes.
  std::uint64_t address_space_bytes = 0;
};

/// The kernel can keep a process from calling it (seccomp filters that kill).
[[nodiscard]] bool can_lock_down();

/// Takes from this process, for good, everything that a decoder does not need: files (Landlock
/// where the kernel has it, no new descriptors), programs, other processes, sockets, executable
/// memory. A call that is not on the list kills the process (SIGSYS). What stays: memory, the
/// processor's clock, reading and writing the descriptors that are open. Errors: internal.
[[nodiscard]] Result<> lock_down(const LockdownLimits& limits);

}  // namespace pixhaul::sandbox
