#pragma once

#include <span>
#include <string>

#include "cli/flags.h"
#include "cli/terminal.h"

namespace pixhaul::cli {

/// Where a command reads and writes; a test hands in files of its own.
struct Console {
  std::FILE* out = nullptr;  ///< data; not owned
  Terminal error{};          ///< everything else
};

/// The process's own streams.
[[nodiscard]] Console standard_console(const Environment& environment);

/// Does what the arguments (without the program's name) say and returns the exit code. Takes the
/// process's signals while a run lasts.
[[nodiscard]] int run_command(std::span<const std::string> arguments,
                              const Environment& environment, const Console& console);

}  // namespace pixhaul::cli
