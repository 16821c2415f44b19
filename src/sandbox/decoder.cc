// The parent's side. Nothing that a worker writes is believed: the answer is copied out of the
// shared memory once, then every number of the copy is held against its bounds.
#include "sandbox/decoder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "sandbox/worker.h"

namespace pixhaul::sandbox {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookInterval{100};  // at the processor time of a worker that is busy

Error internal_error(std::string_view what, int os_error) {
  return Error{.code = ErrorCode::internal,
               .os_error = os_error,
               .detail = fmt::format("cannot {}: {}", what, std::strerror(os_error))};
}

/// posix_spawn's two descriptions, destroyed at the end.
struct SpawnPlan {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

// Signals of the terminal are the parent's business, and so are its handlers.
void describe(SpawnPlan& plan, int memory, int channel) {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&plan.actions, standard, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawn_file_actions_adddup2(&plan.actions, memory, kMemoryDescriptor);
  ::posix_spawn_file_actions_adddup2(&plan.actions, channel, kChannelDescriptor);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, kChannelDescriptor + 1);
  sigset_t all;
  sigset_t none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  ::posix_spawnattr_setflags(
      &plan.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

// The descriptors that are handed over must not stand where the worker expects another.
Result<UniqueFd> away_from_standard(UniqueFd fd) {
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kChannelDescriptor + 1);
  if (moved < 0) return std::unexpected(internal_error("copy a descriptor", errno));
  return UniqueFd(moved);
}

Duration cpu_time(pid_t process) {
  clockid_t clock{};
  timespec now{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &now) != 0) return {};
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

bool is_status(std::uint32_t value) {
  return std::ranges::any_of(row_statuses(), [value](ErrorCode code) {
    return static_cast<std::uint32_t>(code) == value;
  });
}

bool is_format(std::uint32_t value) {
  return value <= static_cast<std::uint32_t>(ImageFormat::heic);
}

std::string text_of(const Answer& answer) {
  return {answer.text.data(), std::min<std::size_t>(answer.text_bytes, answer.text.size())};
}

Result<> verdict(const Answer& answer) {
  const auto status = static_cast<ErrorCode>(answer.status);
  if (status == ErrorCode::success) return {};
  return std::unexpected(Error{.code = status, .detail = text_of(answer)});
}

}  // namespace

struct Decoder::Worker {
  SharedRegion region;
  UniqueFd channel;
  pid_t process = -1;
  bool is_ready = false;  // it has said that it is locked down

  Worker(SharedRegion the_region, UniqueFd the_channel, pid_t the_process)
      : region(std::move(the_region)), channel(std::move(the_channel)), process(the_process) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { (void)end(); }

  /// Kills it if it lives and takes its end from the system; 0 when that is not known.
  int end() {
    if (process < 0) return 0;
    ::kill(process, SIGKILL);
    return reap();
  }
  int reap() {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0) {
      if (errno != EINTR) {
        status = 0;
        break;
      }
    }
    process = -1;
    return status;
  }

  static Result<std::unique_ptr<Worker>> start(const DecoderSettings& settings) {
    auto region = SharedRegion::create(settings.body_capacity, settings.sample_capacity);
    if (!region) return std::unexpected(std::move(region).error());
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return std::unexpected(internal_error("open a channel to a decoder", errno));
    }
    UniqueFd ours(ends[0]);
    auto memory = away_from_standard(UniqueFd(::dup(region->file())));
    auto theirs = away_from_standard(UniqueFd(ends[1]));
    if (!memory) return std::unexpected(std::move(memory).error());
    if (!theirs) return std::unexpected(std::move(theirs).error());
    SpawnPlan plan;
    describe(plan, memory->get(), theirs->get());
    std::string program = settings.program;
    std::string bytes = std::to_string(settings.address_space_bytes);
    const std::array<char*, 3> arguments = {program.data(), bytes.data(), nullptr};
    const std::array<char*, 1> environment = {nullptr};
    pid_t process = -1;
    const int problem = ::posix_spawn(&process, program.c_str(), &plan.actions, &plan.attributes,
                                      arguments.data(), environment.data());
    if (problem != 0) {
      return std::unexpected(internal_error(fmt::format("start '{}'", program), problem));
    }
    return std::make_unique<Worker>(std::move(*region), std::move(ours), process);
  }
};

Decoder::Decoder(DecoderSettings settings) : settings_(std::move(settings)) {}
Decoder::~Decoder() = default;

Result<std::unique_ptr<Decoder>> Decoder::create(DecoderSettings settings) {
  std::unique_ptr<Decoder> decoder(new Decoder(std::move(settings)));
  auto worker = Worker::start(decoder->settings_);
  if (!worker) return std::unexpected(std::move(worker).error());
  decoder->worker_ = std::move(*worker);
  ++decoder->worker_count_;
  // A worker that cannot lock itself down says so now, not at the first picture.
  if (auto ready = decoder->wait(*decoder->worker_, std::chrono::seconds(30)); !ready) {
    return std::unexpected(
        Error{.code = ErrorCode::internal,
              .detail = fmt::format("'{}' does not start: {}", decoder->settings_.program,
                                    ready.error().detail)});
  }
  decoder->worker_->is_ready = true;
  return decoder;
}

Result<Answer> Decoder::ask(const Task& task, image::Bytes body,
                            std::span<const image::Box> boxes) {
  if (auto done = run(task, body, boxes); !done) return std::unexpected(std::move(done).error());
  const Answer answer = worker_->region.answer();
  if (!is_status(answer.status) || !is_format(answer.format) ||
      answer.sample_bytes > worker_->region.sample().size()) {
    return std::unexpected(bury());
  }
  if (auto good = verdict(answer); !good) return std::unexpected(std::move(good).error());
  return answer;
}

Result<image::Processed> Decoder::process(image::Bytes body, const image::ProcessSettings& settings,
                                          std::span<const image::Box> boxes) {
  const Task task{.kind = TaskKind::process,
                  .body_bytes = body.size(),
                  .box_count = boxes.size(),
                  .settings = settings};
  auto answer = ask(task, body, boxes);
  if (!answer) return std::unexpected(std::move(answer).error());
  image::Processed made;
  made.is_original = answer->is_original != 0;
  made.format = static_cast<ImageFormat>(answer->format);
  made.width = answer->width;
  made.height = answer->height;
  made.original_width = answer->original_width;
  made.original_height = answer->original_height;
  made.warning = text_of(*answer);
  if (!made.is_original) made.bytes.append(worker_->region.sample().first(answer->sample_bytes));
  worker_->region.release_pages(body.size() + answer->sample_bytes);
  return made;
}

Result<image::ProcessedPixels> Decoder::process_to_pixels(image::Bytes body,
                                                          const image::ProcessSettings& settings,
                                                          std::span<const image::Box> boxes) {
  const Task task{.kind = TaskKind::pixels,
                  .body_bytes = body.size(),
                  .box_count = boxes.size(),
                  .settings = settings};
  auto answer = ask(task, body, boxes);
  if (!answer) return std::unexpected(std::move(answer).error());
  const std::uint64_t bytes = std::uint64_t{answer->width} * answer->height * answer->channels;
  const bool has_pixels = answer->width <= UINT16_MAX && answer->height <= UINT16_MAX &&
                          (answer->channels == 1 || answer->channels == 3) && bytes > 0;
  if (!has_pixels || bytes != answer->sample_bytes) return std::unexpected(bury());
  image::ProcessedPixels made;
  made.image = image::Image(answer->width, answer->height, answer->channels);
  std::memcpy(made.image.pixels().data(), worker_->region.sample().data(), bytes);
  made.format = static_cast<ImageFormat>(answer->format);
  made.original_width = answer->original_width;
  made.original_height = answer->original_height;
  made.warning = text_of(*answer);
  worker_->region.release_pages(body.size() + bytes);
  return made;
}

Result<> Decoder::check(image::Bytes body, const image::DecodeLimits& limits) {
  const Task task{
      .kind = TaskKind::check, .body_bytes = body.size(), .settings = {.limits = limits}};
  auto answer = ask(task, body, {});
  if (!answer) return std::unexpected(std::move(answer).error());
  worker_->region.release_pages(body.size());
  return {};
}

Result<> Decoder::run(const Task& task, image::Bytes body, std::span<const image::Box> boxes) {
  const std::uint64_t boxes_at = boxes_offset(body.size());
  if (boxes_at + boxes.size_bytes() > settings_.body_capacity) {
    return std::unexpected(
        Error{.code = ErrorCode::too_large,
              .detail = fmt::format("{} bytes are more than a decoder takes", body.size())});
  }
  if (!worker_) {
    auto worker = Worker::start(settings_);
    if (!worker) return std::unexpected(std::move(worker).error());
    worker_ = std::move(*worker);
    ++worker_count_;
  }
  Worker& worker = *worker_;
  if (!worker.is_ready) {
    if (auto ready = wait(worker, std::chrono::seconds(30)); !ready) return ready;
    worker.is_ready = true;
  }
  worker.region.task() = task;
  std::memcpy(worker.region.body().data(), body.data(), body.size());
  if (!boxes.empty()) {
    std::memcpy(worker.region.body().data() + boxes_at, boxes.data(), boxes.size_bytes());
  }
  const char go = 1;
  if (::send(worker.channel.get(), &go, 1, MSG_NOSIGNAL) != 1) return std::unexpected(bury());
  return wait(worker,
              cpu_time(worker.process) + task.settings.limits.max_cpu_time + settings_.grace);
}

// For the worker's word that it is done. `cpu_limit`: of its whole life so far.
Result<> Decoder::wait(Worker& worker, Duration cpu_limit) {
  for (;;) {
    pollfd ready{.fd = worker.channel.get(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&ready, 1, static_cast<int>(kLookInterval.count()));
    if (count > 0) break;
    if (count < 0 && errno != EINTR) return std::unexpected(bury());
    if (cpu_time(worker.process) > cpu_limit) {
      (void)worker.end();
      worker_.reset();
      return std::unexpected(Error{.code = ErrorCode::decode_deadline,
                                   .detail = "the decoder took too long and was ended"});
    }
  }
  char done = 0;
  ssize_t count = 0;
  do {
    count = ::recv(worker.channel.get(), &done, 1, 0);
  } while (count < 0 && errno == EINTR);
  if (count != 1) return std::unexpected(bury());
  return {};
}

// The worker is gone, or cannot be believed any more. The next one is started at once.
Error Decoder::bury() {
  // A death of its own has been noticed by its end of the channel, which closes a moment earlier.
  siginfo_t info{};
  for (int look = 0; look < 100 && info.si_pid == 0; ++look) {
    if (look > 0) ::poll(nullptr, 0, 1);
    if (::waitid(P_PID, static_cast<id_t>(worker_->process), &info, WEXITED | WNOHANG | WNOWAIT) !=
        0)
      break;
  }
  const int status = worker_->end();
  worker_.reset();
  if (auto next = Worker::start(settings_)) {
    worker_ = std::move(*next);
    ++worker_count_;
  }
  std::string how = "answered what it cannot have meant";
  if (info.si_pid != 0 && WIFSIGNALED(status)) {
    how = WTERMSIG(status) == SIGSYS ? std::string("made a system call that it may not make")
                                     : fmt::format("died of signal {} ({})", WTERMSIG(status),
                                                   ::strsignal(WTERMSIG(status)));
  } else if (info.si_pid != 0 && WIFEXITED(status)) {
    how = fmt::format("ended with exit code {}", WEXITSTATUS(status));
  }
  return Error{.code = ErrorCode::decode_crash, .detail = "the decoder " + how};
}

}  // namespace pixhaul::sandbox
