// A decoder that does what a hijacked one would try: the body is the name of the act. It says in
// the answer's width whether the act was done (1) or refused (2); most acts end it instead.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "sandbox/worker.h"

namespace pixhaul::sandbox {
namespace {

using Act = bool (*)();  // whether it was done

struct Named {
  std::string_view name;
  Act act;
};

bool made(long result) { return result >= 0; }

std::array<Named, 40> acts() {
  return {{
      {"open", [] { return made(::open("/etc/passwd", O_RDONLY)); }},
      {"openat2", [] { return made(::syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0)); }},
      {"creat", [] { return made(::creat("/tmp/pixhaul-canary", 0600)); }},
      {"unlink", [] { return made(::unlink("/tmp/pixhaul-canary")); }},
      {"rename", [] { return made(::rename("/tmp/pixhaul-canary", "/tmp/pixhaul-canary2")); }},
      {"mkdir", [] { return made(::mkdir("/tmp/pixhaul-canary.d", 0700)); }},
      {"symlink", [] { return made(::symlink("/etc/passwd", "/tmp/pixhaul-canary.l")); }},
      {"chmod", [] { return made(::chmod("/tmp", 0777)); }},
      {"stat",
       [] {
         struct stat facts{};
         return made(::stat("/etc/passwd", &facts));
       }},
      {"access", [] { return made(::access("/etc/passwd", R_OK)); }},
      {"readlink",
       [] {
         std::array<char, 64> target{};
         return made(::readlink("/proc/self/exe", target.data(), target.size()));
       }},
      {"chdir", [] { return made(::chdir("/")); }},
      {"mount", [] { return made(::mount("none", "/mnt", "tmpfs", 0, nullptr)); }},
      {"socket", [] { return made(::socket(AF_INET, SOCK_STREAM, 0)); }},
      {"socket6", [] { return made(::socket(AF_INET6, SOCK_DGRAM, 0)); }},
      {"socket_unix", [] { return made(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
      {"connect",
       [] {
         sockaddr_in to{};
         to.sin_family = AF_INET;
         to.sin_port = htons(9);
         to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
         return made(
             ::connect(kChannelDescriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to));
       }},
      {"sendmsg",
       [] {
         msghdr message{};
         return made(::sendmsg(kChannelDescriptor, &message, MSG_DONTWAIT));
       }},
      {"fork", [] { return made(::fork()); }},
      {"clone", [] { return made(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }},
      {"clone3", [] { return made(::syscall(SYS_clone3, nullptr, 0)); }},
      {"execve",
       [] {
         std::array<char, 5> name{"true"};
         const std::array<char*, 2> arguments{name.data(), nullptr};
         return made(::execve("/bin/true", arguments.data(), nullptr));
       }},
      {"kill", [] { return made(::kill(::getppid(), 0)); }},
      {"ptrace", [] { return made(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
      {"process_vm_readv", [] { return made(::process_vm_readv(1, nullptr, 0, nullptr, 0, 0)); }},
      {"executable_memory",
       [] {
         return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
       }},
      {"make_executable",
       [] {
         void* page =
             ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
       }},
      {"memfd", [] { return made(::memfd_create("canary", 0)); }},
      {"truncate_region", [] { return made(::ftruncate(kMemoryDescriptor, 0)); }},
      {"dup", [] { return made(::dup(kChannelDescriptor)); }},
      {"pipe",
       [] {
         std::array<int, 2> ends{};
         return made(::pipe(ends.data()));
       }},
      {"epoll", [] { return made(::epoll_create1(0)); }},
      {"eventfd", [] { return made(::eventfd(0, 0)); }},
      {"timerfd", [] { return made(::timerfd_create(CLOCK_MONOTONIC, 0)); }},
      {"inotify", [] { return made(::inotify_init1(0)); }},
      {"io_uring",
       [] {
         io_uring_params parameters{};
         return made(::syscall(SYS_io_uring_setup, 1, &parameters));
       }},
      {"shared_segment", [] { return made(::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)); }},
      {"unshare", [] { return made(::unshare(CLONE_NEWUSER)); }},
      {"raise_limits",
       [] {
         const rlimit none{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
         return made(::setrlimit(RLIMIT_AS, &none));
       }},
      {"set_user", [] { return made(::setuid(0)); }},
  }};
}

void spin() {
  volatile unsigned turns = 0;
  for (;;) {
    const unsigned next = turns + 1;
    turns = next;
  }
}

void segfault() {
  volatile int* nowhere = reinterpret_cast<volatile int*>(8);
  *nowhere = 1;
}

// Whether a gigabyte was had.
bool allocate() {
  try {
    std::vector<char> much(std::size_t{1} << 30, 'x');
    return much.size() > 1;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// What the codecs do all day; must go through.
bool work() {
  std::vector<char> some(8U << 20, 'x');
  return some[12345] == 'x';
}

void handle(const SharedRegion& region) {
  const Task& task = region.task();
  const std::string_view name(reinterpret_cast<const char*>(region.body().data()), task.body_bytes);
  Answer& answer = region.answer();
  answer = Answer{};
  answer.is_original = 1;
  if (name == "crash") std::abort();
  if (name == "segfault") segfault();
  if (name == "spin") spin();
  if (name == "exit") ::_exit(7);
  if (name == "allocate") answer.width = allocate() ? 1 : 2;
  if (name == "work") answer.width = work() ? 1 : 2;
  if (name == "lie_status") answer.status = 12345;
  if (name == "lie_size") answer.sample_bytes = ~std::uint64_t{0};
  if (name == "lie_format") answer.format = 200;
  if (name == "lie_text") answer.text_bytes = ~0U;
  for (const Named& one : acts()) {
    if (one.name == name) answer.width = one.act() ? 1 : 2;
  }
}

}  // namespace
}  // namespace pixhaul::sandbox

int main(int argument_count, char** arguments) {
  return pixhaul::sandbox::run_worker(argument_count, arguments, pixhaul::sandbox::handle);
}
