// Measures this machine for `pixhaul doctor`. Every measure is bounded: one DNS question within
// four seconds, 64 MiB or one second of writing. The file written has no name (O_TMPFILE) where the
// file system can do that, and none for longer than an instant elsewhere, so that nothing is left
// however this ends.
#include "pipeline/doctor_facts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/unique_fd.h"
#include "image/resample.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "pipeline/configure.h"
#include "pipeline/world.h"
#include "sandbox/lockdown.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::string_view kAskedName = "example.org";  // RFC 2606 §3: reserved, and there
constexpr std::chrono::seconds kAnswerWithin{4};
constexpr std::size_t kChunk = 1u << 20;
constexpr std::size_t kMostWritten = 64u << 20;
constexpr std::chrono::seconds kWriteFor{1};

Duration since(Instant start) { return std::chrono::steady_clock::now() - start; }

std::chrono::milliseconds rounded(Duration duration) {
  return std::chrono::round<std::chrono::milliseconds>(duration);
}

// ---- limits

void read_limits(DoctorFacts& facts) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) facts.most_open_files = files.rlim_max;
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  if (range >> first >> last && first <= last) facts.local_ports = last - first + 1;
  facts.machine_cores = static_cast<std::uint32_t>(std::max(::get_nprocs(), 1));
  struct sysinfo info{};
  if (::sysinfo(&info) == 0) facts.machine_memory = std::uint64_t{info.totalram} * info.mem_unit;
  facts.kernel_can_lock = sandbox::can_lock_down();
  facts.vectors = image::resamplers().front().instructions;
}

// x86 calls the list "flags", ARM "Features".
bool has_aes() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    return (line + ' ').find(" aes ") != std::string::npos;
  }
  return true;  // unknown: nothing to complain of
}

// ---- names

std::vector<std::string> system_servers() {
  std::ifstream file("/etc/resolv.conf");
  std::vector<std::string> servers;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::string address;
    if (words >> key >> address && key == "nameserver") servers.push_back(address);
  }
  return servers;
}

Result<> ask_for_a_name(World& world, const RunSettings& settings, DoctorFacts& facts) {
  facts.dns_servers = settings.dns_servers.empty() ? system_servers() : settings.dns_servers;
  auto loop = world.open_loop(settings.dns_servers);
  if (!loop) return std::unexpected(std::move(loop).error());
  const Instant start = world.clock().now();
  loop->resolver->ask(kAskedName, net::AddressFamily::v4);
  std::vector<net::Answer> answers;
  for (Instant now = start; answers.empty() && now - start < kAnswerWithin;
       now = world.clock().now()) {
    loop->resolver->take_answers(now, answers);
    if (!answers.empty()) break;
    const Instant wake = std::min(loop->resolver->next_due(), start + kAnswerWithin);
    loop->network->wait(std::max(wake - now, Duration::zero()));
  }
  facts.dns_took = rounded(world.clock().now() - start);
  if (answers.empty()) {
    facts.dns_status = ErrorCode::dns_timeout;
    facts.dns_detail = "no answer within 4 s";
    return {};
  }
  facts.dns_status = answers.front().status;
  facts.dns_detail = answers.front().detail.empty() ? std::string(short_meaning(facts.dns_status))
                                                    : answers.front().detail;
  return {};
}

void read_proxy(const net::FetchSettings& fetch, DoctorFacts& facts) {
  const net::Proxy* proxy = fetch.proxy.choose("https", kAskedName, 443);
  if (proxy == nullptr) return;
  facts.proxy = proxy->host + ":" + std::to_string(proxy->port);
  facts.proxy_resolves = fetch.proxy_resolves || proxy->kind == net::ProxyKind::socks5h;
}

// ---- time

void read_clock(const World& world, DoctorFacts& facts) {
  facts.now = world.clock().wall_now();
  struct stat program{};
  if (::stat("/proc/self/exe", &program) == 0)
    facts.program_made = std::chrono::system_clock::from_time_t(program.st_mtime);
  timex discipline{};  // asks only: modes is 0
  const int state = ::adjtimex(&discipline);
  if (state >= 0) facts.is_synchronised = (discipline.status & STA_UNSYNC) == 0;
}

// ---- disk

std::string nearest_folder(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path folder = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::is_directory(folder, ignored) && folder.has_relative_path())
    folder = folder.parent_path();
  return folder.string();
}

Error disk_error(int os_error, const char* doing) {
  return {.code = ErrorCode::output_unwritable,
          .os_error = os_error,
          .detail = std::string("cannot ") + doing + ": " + std::strerror(os_error)};
}

Result<UniqueFd> open_nameless(const std::string& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() >= 0) return file;
  std::string name = folder + "/.pixhaul-doctor-XXXXXX";
  UniqueFd named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.get() < 0) return std::unexpected(disk_error(errno, "write here"));
  ::unlink(name.c_str());
  return named;
}

// Not zeros: file systems that compress would make nothing of them.
std::string noise() {
  std::string bytes(kChunk, '\0');
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (char& byte : bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

Result<> write_for_a_while(int file, DoctorFacts& facts) {
  const std::string chunk = noise();
  const Instant start = std::chrono::steady_clock::now();
  std::size_t written = 0;
  while (written < kMostWritten && since(start) < kWriteFor) {
    const ssize_t count = ::write(file, chunk.data(), chunk.size());
    if (count <= 0) return std::unexpected(disk_error(errno, "write here"));
    written += static_cast<std::size_t>(count);
  }
  if (::fdatasync(file) != 0) return std::unexpected(disk_error(errno, "make data durable here"));
  const std::chrono::duration<double> took = since(start);
  facts.disk_bytes_per_second = static_cast<double>(written) / std::max(took.count(), 1e-6);
  const Instant little = std::chrono::steady_clock::now();
  if (::pwrite(file, chunk.data(), 4096, 0) != 4096 || ::fdatasync(file) != 0)
    return std::unexpected(disk_error(errno, "make data durable here"));
  facts.disk_sync = rounded(since(little));
  return {};
}

void read_file_system(DoctorFacts& facts) {
  struct statvfs room{};
  if (::statvfs(facts.disk_folder.c_str(), &room) == 0) {
    facts.disk_free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
    if (room.f_files != 0) facts.disk_free_files = room.f_favail;
  }
  struct statfs kind{};
  if (::statfs(facts.disk_folder.c_str(), &kind) != 0) return;
  const auto magic = static_cast<std::uint32_t>(kind.f_type);
  constexpr std::uint32_t kRemote[] = {NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  SMB2_SUPER_MAGIC,
                                       CIFS_SUPER_MAGIC, FUSE_SUPER_MAGIC, CEPH_SUPER_MAGIC};
  facts.disk_is_memory = magic == TMPFS_MAGIC || magic == RAMFS_MAGIC;
  facts.disk_is_remote = std::ranges::find(kRemote, magic) != std::end(kRemote);
}

void try_disk(const std::string& output_folder, DoctorFacts& facts) {
  facts.disk_folder = nearest_folder(output_folder);
  read_file_system(facts);
  const Result<UniqueFd> file = open_nameless(facts.disk_folder);
  const Result<> written =
      file ? write_for_a_while(file->get(), facts) : Result<>(std::unexpected(file.error()));
  if (!written) facts.disk_failure = written.error();
}

}  // namespace

Result<DoctorFacts> gather_facts(const Options& options) {
  MachineWorld world;
  DoctorFacts facts;
  facts.machine = world.machine();
  const auto settings = configure(options, facts.machine);
  if (!settings) return std::unexpected(settings.error());
  facts.lowered = settings->notices;
  facts.concurrency = settings->fetch.concurrency * settings->loop_count;
  facts.run_memory = settings->memory_bytes;
  read_limits(facts);
  facts.has_aes = has_aes();
  if (auto asked = ask_for_a_name(world, *settings, facts); !asked)
    return std::unexpected(std::move(asked).error());
  read_proxy(settings->fetch, facts);
  net::TlsContext tls(settings->tls);
  if (const auto trusted = tls.state(); !trusted) facts.trust_failure = trusted.error();
  read_clock(world, facts);
  try_disk(options.output_folder, facts);
  return facts;
}

}  // namespace pixhaul::pipeline
