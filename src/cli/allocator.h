#pragma once

#include <cstdint>

namespace pixhaul::cli {

/// Sets the C library's allocator up for a process that is to stay within `memory_bytes`: what is
/// large beside that goes back to the system as soon as it is freed, and few threads have heaps of
/// their own. For the command's start: before threads, once.
void bound_allocator(std::uint64_t memory_bytes);

/// Gives back what the heaps hold in pieces, if the process takes more than most of `memory_bytes`.
/// Some milliseconds when it does, some microseconds otherwise. Any thread.
void trim_allocator(std::uint64_t memory_bytes);

}  // namespace pixhaul::cli
