#include "cli/signals.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace pixhaul::cli {
namespace {

sigset_t taken_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals(std::stop_source source) : source_(std::move(source)) {
  const sigset_t set = taken_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  wake_.reset(::eventfd(0, EFD_CLOEXEC));
  thread_ = std::jthread([this] { wait_for_signals(); });
}

Signals::~Signals() {
  const std::uint64_t one = 1;
  if (::write(wake_.get(), &one, sizeof one) < 0)
    std::abort();  // cannot fail on an eventfd that counts to one
  thread_.join();
  const sigset_t set = taken_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::wait_for_signals() {
  pollfd watched[] = {{signals_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      take(static_cast<int>(info.ssi_signo));
    }
  }
}

void Signals::take(int signal) {
  if (signal == SIGHUP || signal == SIGUSR1) {
    statistics_wanted_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // A state on disk is always whole, so leaving without a word to anybody is safe.
  if (source_.stop_requested()) ::_exit(128 + signal);
  source_.request_stop();
  fmt::print(stderr,
             "\npixhaul: finishing what is in flight (at most 5 s); once more to stop at once\n");
}

}  // namespace pixhaul::cli
