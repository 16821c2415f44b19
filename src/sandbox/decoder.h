#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "sandbox/shared_region.h"

namespace pixhaul::sandbox {

struct DecoderSettings {
  std::string program{};                           ///< path of pixhaul-decoder
  std::uint64_t body_capacity = 33U << 20;         ///< largest body with its boxes
  std::uint64_t sample_capacity = 256ULL << 20;    ///< largest sample
  std::uint64_t address_space_bytes = 4ULL << 30;  ///< of a worker; 0 for no limit
  /// Processor time a worker may take beyond `DecodeLimits::max_cpu_time` before it is killed: for
  /// codecs that do not look at the clock themselves.
  Duration grace = std::chrono::seconds(1);
};

/// The image stage in a process of its own that can open, call and reach nothing. A crash, a hang
/// or a bomb costs its own picture and a new worker (about 10 ms). The worker that serves the next
/// picture is started ahead, by posix_spawn, never by a fork of this process. One thread.
class Decoder {
 public:
  /// Starts the first worker. Errors: internal (the program is not there or does not start).
  [[nodiscard]] static Result<std::unique_ptr<Decoder>> create(DecoderSettings settings);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// As `image::process()`. Errors: its own, and decode_crash (the worker died), decode_deadline
  /// (it was killed), too_large (body or sample do not fit).
  [[nodiscard]] Result<image::Processed> process(image::Bytes body,
                                                 const image::ProcessSettings& settings,
                                                 std::span<const image::Box> boxes);
  /// As `image::process_to_pixels()`. Errors: as process.
  [[nodiscard]] Result<image::ProcessedPixels> process_to_pixels(
      image::Bytes body, const image::ProcessSettings& settings, std::span<const image::Box> boxes);
  /// As `image::decode()`, for its errors only.
  [[nodiscard]] Result<> check(image::Bytes body, const image::DecodeLimits& limits);

  [[nodiscard]] std::uint64_t worker_count() const { return worker_count_; }  ///< started so far

 private:
  struct Worker;
  explicit Decoder(DecoderSettings settings);

  [[nodiscard]] Result<> run(const Task& task, image::Bytes body,
                             std::span<const image::Box> boxes);
  /// The answer to a task, held against its bounds.
  [[nodiscard]] Result<Answer> ask(const Task& task, image::Bytes body,
                                   std::span<const image::Box> boxes);
  [[nodiscard]] Result<> wait(Worker& worker, Duration cpu_limit);
  [[nodiscard]] Error bury();

  DecoderSettings settings_;
  std::unique_ptr<Worker> worker_;
  std::uint64_t worker_count_ = 0;
};

}  // namespace pixhaul::sandbox
