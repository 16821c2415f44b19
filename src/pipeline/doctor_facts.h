#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pipeline/machine.h"
#include "pixhaul/options.h"
#include "pixhaul/result.h"

namespace pixhaul::pipeline {

/// What `pixhaul doctor` measured; `judge()` turns it into sentences.
struct DoctorFacts {
  Machine machine{};
  std::uint64_t most_open_files = 0;       ///< the hard limit; `machine` has the soft one
  std::uint32_t concurrency = 0;           ///< transfers at once that a run would allow
  std::vector<std::string> lowered{};      ///< what a run would say of limits it had to lower
  std::uint32_t local_ports = 0;           ///< for outgoing connections; 0 unknown
  std::vector<std::string> dns_servers{};  ///< that were asked
  ErrorCode dns_status = ErrorCode::success;
  std::string dns_detail{};
  std::chrono::milliseconds dns_took{0};
  std::string proxy{};  ///< "proxy.example.org:3128" of a run's https URLs; "" for none
  bool proxy_resolves = false;
  std::optional<Error> trust_failure{};  ///< why there is nobody to trust
  WallTime now{};
  WallTime program_made{};                ///< this program's file cannot be from the future
  std::optional<bool> is_synchronised{};  ///< as the kernel's clock discipline has it
  std::string disk_folder{};              ///< the output folder, or the nearest above that exists
  std::optional<Error> disk_failure{};    ///< why nothing can be written there
  std::uint64_t disk_free_bytes = 0;
  std::optional<std::uint64_t> disk_free_files{};  ///< where the file system counts them
  bool disk_is_memory = false;                     ///< tmpfs
  bool disk_is_remote = false;                     ///< NFS, SMB, FUSE
  double disk_bytes_per_second = 0;
  std::chrono::milliseconds disk_sync{0};  ///< to make a little durable
  std::string vectors{};                   ///< "AVX2"
  bool has_aes = true;                     ///< instructions for TLS's usual cipher
  std::uint32_t machine_cores = 0;         ///< of the machine; `machine` has those we may use
  std::uint64_t machine_memory = 0;        ///< of the machine; `machine` has what we may use
  std::uint64_t run_memory = 0;            ///< a run's ceiling
  bool kernel_can_lock = false;            ///< seccomp filters
};

/// Measures. Errors: bad_option.
[[nodiscard]] Result<DoctorFacts> gather_facts(const Options& options);

}  // namespace pixhaul::pipeline
