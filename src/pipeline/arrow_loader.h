#pragma once

#include <cstdint>

#include "base/memory_budget.h"
#include "pixhaul/result.h"

namespace pixhaul::arrow_io {
class Module;
}  // namespace pixhaul::arrow_io

namespace pixhaul::pipeline {

/// The module that holds everything of Arrow, opened by the first call (about 20 ms and 15 MB) and
/// never closed. Looked for at PIXHAUL_ARROW_MODULE if that is set; otherwise beside the command or
/// libpixhaul, as in a build tree, and where `cmake --install` puts it. Any thread.
/// Errors: input_unreadable, one sentence with the remedy.
[[nodiscard]] Result<arrow_io::Module*> load_arrow();

/// From now on Arrow's memory, now and once it is loaded, is charged to `budget`, which outlives
/// that; nullptr for none. One run of a process at a time has it.
void charge_arrow_to(MemoryBudget* budget);

/// What Arrow holds now, in bytes; 0 while nobody has loaded it. Any thread.
[[nodiscard]] std::uint64_t arrow_memory_bytes();

}  // namespace pixhaul::pipeline
