// rows COUNT…: runs of so many generated rows through the whole pipeline, each in a process of its
// own, over a network that lies in memory and answers every request with the same small picture at
// once. Output is `dummy` without metadata, so what is left is the engine, the ledger and their
// memory. Prints a line of JSON a run; fails when a run's memory grows after its first tenth by
// more than a tenth, or when its rate is more than a tenth below the first run's.
//
// The rows lie on a thousand hosts in a fixed order. Not measured: kernel, sockets, TLS, disk.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"
#include "pipeline/crew.h"
#include "pipeline/run.h"
#include "pipeline/world.h"

namespace pixhaul {
namespace {

constexpr std::uint64_t kHosts = 1000;
constexpr std::string_view kList = "generated.txt";
constexpr double kTolerance = 0.1;
constexpr std::uint64_t kSlackBytes = 4u << 20;  // what a heap may take in pieces

// A GIF of one pixel (GIF89a, §§ 17 to 23).
constexpr unsigned char kPicture[] = {'G', 'I', 'F', '8', '9', 'a', 1,   0,    1, 0, 0x80, 0,
                                      0,   0,   0,   0,   255, 255, 255, 0x2c, 0, 0, 0,    0,
                                      1,   0,   1,   0,   0,   2,   2,   0x44, 1, 0, 0x3b};

std::string response() {
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(kPicture)),
                              sizeof kPicture);
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: {}\r\n\r\n{}",
                     body.size(), body);
}

/// The list: a URL a line, made as it is read.
class GeneratedList final : public ReadableFile {
 public:
  explicit GeneratedList(std::uint64_t rows) : rows_(rows) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      if (at_ == line_.size()) {
        if (next_ == rows_) break;
        line_ = fmt::format("http://h{}.test/images/{}.gif\n", next_ % kHosts, next_);
        ++next_;
        at_ = 0;
      }
      const std::size_t count = std::min(into.size() - done, line_.size() - at_);
      std::memcpy(into.data() + done, line_.data() + at_, count);
      done += count;
      at_ += count;
    }
    return done;
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  const std::uint64_t rows_;
  std::uint64_t next_ = 0;
  std::string line_;
  std::size_t at_ = 0;
};

/// The disk of this machine, and the list.
class Files final : public FileSystem {
 public:
  explicit Files(std::uint64_t rows) : rows_(rows) {}
  Result<std::unique_ptr<Folder>> open_folder(std::string_view path,
                                              Folder::IfMissing if_missing) override {
    return disk_.open_folder(path, if_missing);
  }
  Result<std::unique_ptr<ReadableFile>> open_input(std::string_view path) override {
    if (path == kList) return std::make_unique<GeneratedList>(rows_);
    return disk_.open_input(path);
  }
  Result<std::optional<std::vector<FolderEntry>>> list_inputs(std::string_view path) override {
    if (path == kList) return std::optional<std::vector<FolderEntry>>();
    return disk_.list_inputs(path);
  }

 private:
  PosixFileSystem disk_;
  const std::uint64_t rows_;
};

/// Connects, requests and answers without a kernel. Level-triggered, as epoll is.
class MemoryNetwork final : public net::Network {
 public:
  Result<net::SocketId> connect(const net::SocketAddress&) override {
    if (free_.empty()) {
      free_.push_back(static_cast<net::SocketId>(sockets_.size()));
      sockets_.emplace_back();
    }
    const net::SocketId id = free_.back();
    free_.pop_back();
    return id;
  }
  int connect_error(net::SocketId) override { return 0; }

  net::IoResult read(net::SocketId id, std::span<std::byte> into) override {
    Socket& socket = at(id);
    if (socket.unread == 0) return {};
    const std::size_t offset = response_.size() - socket.unread % response_.size();
    const std::size_t begin = offset == response_.size() ? 0 : offset;
    const std::size_t count = std::min(into.size(), response_.size() - begin);
    std::memcpy(into.data(), response_.data() + begin, count);
    socket.unread -= count;
    return {.status = net::IoStatus::ok, .bytes = count};
  }

  net::IoResult write(net::SocketId id, std::span<const std::byte> from) override {
    Socket& socket = at(id);
    // A request's head ends with an empty line; the two ends may come in two writes.
    for (const std::byte byte : from) {
      const bool is_next = byte == static_cast<std::byte>("\r\n\r\n"[socket.matched]);
      socket.matched = is_next ? socket.matched + 1 : (byte == std::byte{'\r'} ? 1 : 0);
      if (socket.matched < 4) continue;
      socket.matched = 0;
      socket.unread += response_.size();
    }
    mark(id);
    return {.status = net::IoStatus::ok, .bytes = from.size()};
  }

  void close(net::SocketId id) override {
    at(id) = {};
    free_.push_back(id);
  }
  std::vector<net::IpAddress> own_addresses() override { return {}; }

  void watch(net::SocketId id, net::Interest interest, net::Watcher* watcher) override {
    Socket& socket = at(id);
    socket.interest = interest;
    socket.watcher = watcher;
    mark(id);
  }

  void wait(Duration timeout) override {
    std::vector<net::SocketId> ready = std::exchange(ready_, {});
    if (ready.empty()) return sleep(timeout);
    for (const net::SocketId id : ready) at(id).is_marked = false;
    for (const net::SocketId id : ready) {
      Socket& socket = at(id);
      if (!is_ready(socket)) continue;
      const bool writes = socket.interest != net::Interest::read;
      socket.watcher->on_ready(id, socket.unread > 0, writes);
      mark(id);
    }
  }
  void wake() override {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    woken_.notify_one();
  }

 private:
  struct Socket {
    std::size_t unread = 0;
    std::uint8_t matched = 0;
    bool is_marked = false;
    net::Interest interest = net::Interest::none;
    net::Watcher* watcher = nullptr;
  };

  Socket& at(net::SocketId id) { return sockets_[static_cast<std::size_t>(id)]; }
  static bool is_ready(const Socket& socket) {
    if (socket.watcher == nullptr || socket.interest == net::Interest::none) return false;
    return socket.interest != net::Interest::read || socket.unread > 0;
  }
  void mark(net::SocketId id) {
    Socket& socket = at(id);
    if (socket.is_marked || !is_ready(socket)) return;
    socket.is_marked = true;
    ready_.push_back(id);
  }
  void sleep(Duration timeout) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, std::min<Duration>(timeout, std::chrono::seconds(1)),
                    [this] { return is_woken_; });
    is_woken_ = false;
  }

  const std::string response_ = response();
  std::vector<Socket> sockets_;
  std::vector<net::SocketId> free_;
  std::vector<net::SocketId> ready_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
};

/// Every name has one address of its own, at once.
class MemoryResolver final : public net::Resolver {
 public:
  void ask(std::string_view name, net::AddressFamily family) override {
    net::Answer answer{.name = std::string(name), .family = family, .ttl = std::chrono::hours(1)};
    if (family == net::AddressFamily::v4) {
      const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>()(name));
      answer.addresses = {net::IpAddress::v4(0x5d000000u | (hash & 0xffffffu))};  // 93/8
    } else {
      answer.status = ErrorCode::dns_not_found;
    }
    answers_.push_back(std::move(answer));
  }
  void take_answers(Instant, std::vector<net::Answer>& answers) override {
    std::move(answers_.begin(), answers_.end(), std::back_inserter(answers));
    answers_.clear();
  }
  Instant next_due() const override { return answers_.empty() ? Instant::max() : Instant{}; }

 private:
  std::vector<net::Answer> answers_;
};

class MemoryWorld final : public pipeline::World {
 public:
  explicit MemoryWorld(std::uint64_t rows) : files_(rows) {}
  const Clock& clock() const override { return clock_; }
  FileSystem& files() override { return files_; }
  pipeline::Machine machine() const override { return pipeline::read_machine(); }
  std::string boot_id() const override { return "bench"; }
  Result<net::HostsFile> hosts() const override { return net::HostsFile::parse(""); }
  std::vector<net::IpAddress> own_addresses() const override { return {}; }
  Result<pipeline::LoopNet> open_loop(const std::vector<std::string>&) override {
    return pipeline::LoopNet{.network = std::make_unique<MemoryNetwork>(),
                             .resolver = std::make_unique<MemoryResolver>(),
                             .random_seed = 1,
                             .ask_ipv6 = false};
  }

 private:
  SystemClock clock_;
  Files files_;
};

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long pages = 0;
  const int count = std::fscanf(file, "%*u %llu", &pages);
  std::fclose(file);
  return count == 1 ? pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

/// What a run took.
struct Taken {
  std::uint64_t rows = 0;
  double seconds = 0;
  std::uint64_t early_bytes = 0;  ///< resident, after a tenth of the rows
  std::uint64_t most_bytes = 0;   ///< resident, after that

  [[nodiscard]] double rate() const { return static_cast<double>(rows) / seconds; }
  [[nodiscard]] bool is_flat() const {
    return static_cast<double>(most_bytes) <=
           static_cast<double>(early_bytes) * (1 + kTolerance) + static_cast<double>(kSlackBytes);
  }
};

class Watch final : public Observer {
 public:
  explicit Watch(std::uint64_t rows) : rows_(rows) {}
  void on_progress(const StatsSnapshot& now) override {
    const std::uint64_t bytes = resident_bytes();
    if (now.rows_done < rows_ / 10) {
      taken_.early_bytes = std::max(taken_.early_bytes, bytes);
    } else {
      taken_.early_bytes = std::max(taken_.early_bytes, taken_.most_bytes == 0 ? bytes : 0);
      taken_.most_bytes = std::max(taken_.most_bytes, bytes);
    }
    taken_.rows = now.rows_done;
    taken_.seconds = now.seconds;
  }
  [[nodiscard]] const Taken& taken() const { return taken_; }

 private:
  const std::uint64_t rows_;
  Taken taken_{};
};

Result<Taken> run(std::uint64_t rows, const std::string& folder) {
  Options options;
  options.url_list = {std::string(kList)};
  options.output_folder = folder;
  options.output_format = OutputFormat::dummy;
  options.metadata = MetadataFormat::none;
  options.memory = 256u << 20;
  options.contact = "bench";
  MemoryWorld world(rows);
  pipeline::ThreadCrew crew;
  auto made = pipeline::Run::create(options, world, crew);
  if (!made) return std::unexpected(std::move(made).error());
  Watch watch(rows);
  auto summary = (*made)->work(watch, {});
  if (!summary) return std::unexpected(std::move(summary).error());
  if (summary->images != rows) {
    return std::unexpected(
        Error{.code = ErrorCode::internal,
              .detail = fmt::format("{} of {} rows are images", summary->images, rows)});
  }
  return watch.taken();
}

// In a process of its own, so that runs do not inherit memory. Nothing when it failed.
std::optional<Taken> run_apart(std::uint64_t rows, const std::string& folder) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto taken = run(rows, folder);
    if (!taken) fmt::print(stderr, "rows: {}\n", taken.error().detail);
    const bool is_told =
        taken && ::write(ends[1], &*taken, sizeof *taken) == static_cast<ssize_t>(sizeof *taken);
    std::_Exit(is_told ? 0 : 1);
  }
  ::close(ends[1]);
  Taken taken;
  const bool is_told = ::read(ends[0], &taken, sizeof taken) == static_cast<ssize_t>(sizeof taken);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return is_told ? std::optional(taken) : std::nullopt;
}

int run_all(const std::vector<std::uint64_t>& counts) {
  std::string folder = std::filesystem::temp_directory_path() / "rows-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  double first_rate = 0;
  bool is_good = true;
  for (const std::uint64_t count : counts) {
    const auto taken = run_apart(count, fmt::format("{}/{}", folder, count));
    if (!taken) {
      is_good = false;
      break;
    }
    if (first_rate == 0) first_rate = taken->rate();
    const bool is_steady = taken->rate() >= first_rate * (1 - kTolerance);
    fmt::print(
        "{{\"rows\":{},\"seconds\":{:.1f},\"rows_per_second\":{:.0f},\"early_mib\":{},"
        "\"most_mib\":{},\"flat\":{},\"steady\":{}}}\n",
        count, taken->seconds, taken->rate(), taken->early_bytes >> 20, taken->most_bytes >> 20,
        taken->is_flat(), is_steady);
    std::fflush(stdout);
    is_good = is_good && taken->is_flat() && is_steady;
  }
  std::filesystem::remove_all(folder);
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace pixhaul

int main(int argc, char** argv) {
  std::vector<std::uint64_t> counts;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text(argv[i]);
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 10) {
      fmt::print(stderr, "rows: '{}' is no count of rows\n", text);
      return 2;
    }
    counts.push_back(count);
  }
  return pixhaul::run_all(counts);
}
