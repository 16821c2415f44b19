#pragma once

#include <ctime>

#include "base/clock.h"
#include "pixhaul/result.h"

namespace pixhaul::image {

/// The processor time that one decoding may take, from here on, of the thread that made it. One
/// thread.
class CpuDeadline {
 public:
  explicit CpuDeadline(Duration limit) : limit_(limit), start_(used()) {}

  /// To be asked for every row or so. The clock is a system call of 0.2 µs, hence looked at in
  /// every 16th call.
  [[nodiscard]] bool has_passed() {
    constexpr std::uint32_t kCalls = 16;
    return ++calls_ % kCalls == 0 && used() - start_ >= limit_;
  }

 private:
  static Duration used() {
    std::timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  Duration limit_;
  Duration start_;
  std::uint32_t calls_ = 0;
};

[[nodiscard]] inline Error decode_deadline_error() {
  return {.code = ErrorCode::decode_deadline,
          .detail = "decoding took more processor time than one picture is given"};
}

}  // namespace pixhaul::image
