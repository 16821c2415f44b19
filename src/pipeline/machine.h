#pragma once

#include <cstdint>
#include <string>

namespace pixhaul::pipeline {

/// What this process may use; read once at the start of a run.
struct Machine {
  std::uint32_t cores = 1;          ///< by affinity and cgroup quota, at least 1
  std::uint64_t memory_bytes = 0;   ///< of the machine, or the cgroup's limit when that is lower
  std::uint32_t open_files = 1024;  ///< RLIMIT_NOFILE
  /// The program that decodes in a process of its own; "" where it is not there or the kernel
  /// cannot lock it in.
  std::string decoder_program{};
};

[[nodiscard]] Machine read_machine();

}  // namespace pixhaul::pipeline
