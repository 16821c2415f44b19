#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pixhaul/options.h"
#include "pixhaul/result.h"

namespace pixhaul {

enum class Verdict : std::uint8_t {
  good,    ///< nothing to do
  notice,  ///< a run works, but could do better or may meet a limit
  bad      ///< a run would fail, or lose much
};

/// What was found of one thing that a run leans on.
struct Finding {
  Verdict verdict = Verdict::good;
  std::string subject{};  ///< "open files", "resolver", "disk": a word or two
  std::string found{};    ///< in words, without a full stop
  std::string advice{};   ///< what to change; "" when good
};

/// Looks at what a run with these options would meet on this machine: limits, name servers,
/// certificates, clock, disk, processor, memory, sandbox, proxy. Asks the name servers for one name
/// (example.org), writes at most 64 MiB into a nameless file beside `output_folder`, and leaves
/// nothing behind. Blocks, some five seconds at most unless the disk hangs. Errors: bad_option.
[[nodiscard]] Result<std::vector<Finding>> examine(const Options& options);

}  // namespace pixhaul
