// Two walls, because each has holes of its own: seccomp knows calls but not paths, Landlock knows
// paths but not all calls. The list of calls is what malloc, the codecs and the worker's loop were
// seen to use; everything else kills, so that a new need shows as a crash of a test and not as a
// quiet refusal.
#include "sandbox/lockdown.h"

#include <fmt/format.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace pixhaul::sandbox {

namespace {

std::unexpected<Error> failure(std::string_view what, int os_error) {
  return std::unexpected(Error{
      .code = ErrorCode::internal,
      .os_error = os_error,
      .detail = fmt::format("cannot lock a decoder down ({}): {}", what, std::strerror(os_error))});
}

// --- Limits of the system ---

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsAddressSpace = false;
#else
constexpr bool kLimitsAddressSpace = true;
#endif

Result<> limit_resources(const LockdownLimits& limits) {
  struct Limit {
    __rlimit_resource resource;
    rlim_t value;
  };
  const std::array<Limit, 5> table = {{
      {RLIMIT_CORE, 0},
      {RLIMIT_FSIZE, 0},
      {RLIMIT_NPROC, 0},
      {RLIMIT_NOFILE, 0},
      {RLIMIT_AS, limits.address_space_bytes},
  }};
  for (const Limit& limit : table) {
    const bool is_unlimited = limit.value == 0 || !kLimitsAddressSpace;
    if (limit.resource == RLIMIT_AS && is_unlimited) continue;
    const rlimit value{.rlim_cur = limit.value, .rlim_max = limit.value};
    if (::setrlimit(limit.resource, &value) != 0) return failure("limits", errno);
  }
  return {};
}

// --- Landlock: nothing in the file system ---

// As in linux/landlock.h of the newest kernels; older ones are handed its beginning.
struct LandlockRules {
  std::uint64_t file_rights = 0;
  std::uint64_t network_rights = 0;  // ABI 4
  std::uint64_t scopes = 0;          // ABI 6
};

Result<> deny_files() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
                             static_cast<unsigned>(LANDLOCK_CREATE_RULESET_VERSION));
  if (abi <= 0) return {};  // an older kernel, or switched off: seccomp stands alone
  constexpr std::array<unsigned, 6> kFileRights = {0, 13, 14, 15, 15, 16};  // how many, by ABI
  const auto known = static_cast<std::size_t>(abi < 5 ? abi : 5);
  LandlockRules rules;
  rules.file_rights = (std::uint64_t{1} << kFileRights.at(known)) - 1;
  std::size_t size = sizeof rules.file_rights;
  if (abi >= 4) {
    rules.network_rights = 3;  // bind and connect
    size = 2 * sizeof(std::uint64_t);
  }
  if (abi >= 6) {
    rules.scopes = 3;  // abstract sockets and signals stay inside
    size = sizeof rules;
  }
  const long ruleset = ::syscall(SYS_landlock_create_ruleset, &rules, size, 0U);
  if (ruleset < 0) return failure("Landlock", errno);
  if (::syscall(SYS_landlock_restrict_self, static_cast<int>(ruleset), 0U) != 0) {
    return failure("Landlock", errno);
  }
  ::close(static_cast<int>(ruleset));
  return {};
}

// --- seccomp: the calls a decoder needs ---

struct FilterReleaser {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

// sysinfo: qsort() of glibc 2.36 asks how much memory there is before its first large sort.
constexpr std::array kAllowed = {
    SCMP_SYS(read),          SCMP_SYS(write),           SCMP_SYS(munmap),      SCMP_SYS(mremap),
    SCMP_SYS(brk),           SCMP_SYS(futex),           SCMP_SYS(exit),        SCMP_SYS(exit_group),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),    SCMP_SYS(sched_yield), SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall), SCMP_SYS(madvise),     SCMP_SYS(sysinfo),
};

Result<> filter_calls() {
  const std::unique_ptr<void, FilterReleaser> filter(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return failure("seccomp", ENOMEM);
  const auto allow = [&](int call) {
    return ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 0, nullptr);
  };
  int problem = 0;
  for (const int call : kAllowed) problem = problem != 0 ? problem : allow(call);
  // Memory, but none that can be executed.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    const scmp_arg_cmp not_executable{
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
    if (problem == 0) {
      problem = ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 1, &not_executable);
    }
  }
  if (problem == 0) problem = ::seccomp_load(filter.get());
  if (problem != 0) return failure("seccomp", -problem);
  return {};
}

}  // namespace

bool can_lock_down() {
  std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Result<> lock_down(const LockdownLimits& limits) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failure("privileges", errno);
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failure("dumps", errno);
  if (auto done = deny_files(); !done) return done;
  if (auto done = limit_resources(limits); !done) return done;
  return filter_calls();
}

}  // namespace pixhaul::sandbox
