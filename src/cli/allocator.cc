// glibc keeps what is freed for the next allocation, and raises the size from which it asks the
// system for each piece whenever such a piece is freed, up to 32 MiB; a run that buffers bodies of
// 2 MB then holds three times what its accounting says. With bounds that follow from --memory the
// process stays near it. They cost page faults (a tenth of a microsecond a KiB), so a run with much
// memory keeps what it may keep.
#include "cli/allocator.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pixhaul::cli {

namespace {

constexpr std::uint64_t kLeastPiece = 128u << 10;  // glibc's own default
constexpr std::uint64_t kMostPiece = 32u << 20;    // glibc's maximum

// What the process has in memory that is not a part of a file.
std::uint64_t private_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long size = 0;
  unsigned long long resident = 0;
  unsigned long long shared = 0;
  const int count = std::fscanf(file, "%llu %llu %llu", &size, &resident, &shared);
  std::fclose(file);
  if (count != 3) return 0;
  return (resident - std::min(resident, shared)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void bound_allocator(std::uint64_t memory_bytes) {
  const std::uint64_t piece = std::clamp(memory_bytes / 256, kLeastPiece, kMostPiece);
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(piece));
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(2 * piece));
  if (memory_bytes < (std::uint64_t{1} << 30)) mallopt(M_ARENA_MAX, 4);
}

void trim_allocator(std::uint64_t memory_bytes) {
  if (private_bytes() > memory_bytes / 8 * 5) malloc_trim(0);
}

}  // namespace pixhaul::cli
