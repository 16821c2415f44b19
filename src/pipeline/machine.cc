#include "pipeline/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <utility>

#include "pipeline/companion.h"
#include "sandbox/lockdown.h"

namespace pixhaul::pipeline {

namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number at the start of the text; 0 for "max" and for nothing.
std::uint64_t leading_number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t cgroup_memory_limit() {
  const std::uint64_t second = leading_number(first_line("/sys/fs/cgroup/memory.max"));
  return second != 0 ? second
                     : leading_number(first_line("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

// cgroup v2 "cpu.max": "QUOTA PERIOD" in microseconds, or "max PERIOD".
std::uint32_t cgroup_cores() {
  const std::string line = first_line("/sys/fs/cgroup/cpu.max");
  const std::uint64_t quota = leading_number(line);
  const auto space = line.find(' ');
  if (quota == 0 || space == std::string::npos) return UINT32_MAX;
  const std::uint64_t period =
      std::max<std::uint64_t>(leading_number(std::string_view(line).substr(space + 1)), 1);
  return static_cast<std::uint32_t>((quota + period - 1) / period);
}

std::string find_decoder() {
  if (!sandbox::can_lock_down()) return {};
  for (std::string& path : companion_paths("pixhaul-decoder")) {
    if (::access(path.c_str(), X_OK) == 0) return std::move(path);
  }
  return {};
}

}  // namespace

Machine read_machine() {
  Machine machine;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    machine.cores = static_cast<std::uint32_t>(std::max(CPU_COUNT(&allowed), 1));
  }
  machine.cores = std::max<std::uint32_t>(1, std::min(machine.cores, cgroup_cores()));
  struct sysinfo info{};
  if (sysinfo(&info) == 0) machine.memory_bytes = std::uint64_t{info.totalram} * info.mem_unit;
  if (const std::uint64_t limit = cgroup_memory_limit(); limit != 0) {
    machine.memory_bytes = std::min(machine.memory_bytes, limit);
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    machine.open_files = static_cast<std::uint32_t>(std::min<rlim_t>(files.rlim_cur, 1u << 20));
  }
  machine.decoder_program = find_decoder();
  return machine;
}

}  // namespace pixhaul::pipeline
