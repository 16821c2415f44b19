#include "sandbox/worker.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "image/codec.h"
#include "sandbox/lockdown.h"

namespace pixhaul::sandbox {

namespace {

void write_text(Answer& answer, std::string_view text) {
  answer.text_bytes = static_cast<std::uint32_t>(std::min(text.size(), answer.text.size()));
  std::memcpy(answer.text.data(), text.data(), answer.text_bytes);
}

void write_error(Answer& answer, const Error& error) {
  answer.status = static_cast<std::uint32_t>(error.code);
  write_text(answer, error.detail);
}

void write_processed(const SharedRegion& region, const image::Processed& made) {
  Answer& answer = region.answer();
  const auto bytes = made.bytes.bytes();
  if (bytes.size() > region.sample().size()) {
    return write_error(answer, {.code = ErrorCode::too_large,
                                .detail = "the sample is larger than a decoder may return"});
  }
  std::ranges::copy(bytes, region.sample().begin());
  answer.status = static_cast<std::uint32_t>(ErrorCode::success);
  answer.is_original = made.is_original ? 1 : 0;
  answer.format = static_cast<std::uint32_t>(made.format);
  answer.width = made.width;
  answer.height = made.height;
  answer.original_width = made.original_width;
  answer.original_height = made.original_height;
  answer.sample_bytes = bytes.size();
  write_text(answer, made.warning);
}

void write_pixels(const SharedRegion& region, const image::ProcessedPixels& made) {
  Answer& answer = region.answer();
  const auto pixels = std::as_bytes(made.image.pixels());
  if (pixels.size() > region.sample().size()) {
    return write_error(answer, {.code = ErrorCode::too_large,
                                .detail = "the pixels are more than a decoder may return"});
  }
  std::ranges::copy(pixels, region.sample().begin());
  answer.status = static_cast<std::uint32_t>(ErrorCode::success);
  answer.format = static_cast<std::uint32_t>(made.format);
  answer.width = made.image.width();
  answer.height = made.image.height();
  answer.channels = made.image.channels();
  answer.original_width = made.original_width;
  answer.original_height = made.original_height;
  answer.sample_bytes = pixels.size();
  write_text(answer, made.warning);
}

void do_task(const SharedRegion& region) {
  const Task& task = region.task();
  const image::Bytes body = region.body().first(task.body_bytes);
  Answer& answer = region.answer();
  if (task.kind == TaskKind::check) {
    const auto decoded = image::decode(body, task.settings.limits);
    if (!decoded) return write_error(answer, decoded.error());
    answer.status = static_cast<std::uint32_t>(ErrorCode::success);
    return;
  }
  std::vector<image::Box> boxes(task.box_count);
  const auto* from = region.body().data() + boxes_offset(task.body_bytes);
  if (!boxes.empty()) std::memcpy(boxes.data(), from, boxes.size() * sizeof(image::Box));
  if (task.kind == TaskKind::pixels) {
    const auto made = image::process_to_pixels(body, task.settings, boxes);
    return made ? write_pixels(region, *made) : write_error(answer, made.error());
  }
  const auto made = image::process(body, task.settings, boxes);
  if (!made) return write_error(answer, made.error());
  write_processed(region, *made);
}

// The channel is a socket of whole packets, one byte each; only reading and writing are allowed.
bool next_task(int channel) {
  char go = 0;
  ssize_t count = 0;
  do {
    count = ::read(channel, &go, 1);
  } while (count < 0 && errno == EINTR);
  return count == 1;
}

bool say_done(int channel) {
  const char done = 1;
  return ::write(channel, &done, 1) == 1;
}

}  // namespace

void handle_picture(const SharedRegion& region) {
  region.answer() = Answer{};
  // The one exception that is expected here: RLIMIT_AS said no.
  try {
    do_task(region);
  } catch (const std::bad_alloc&) {
    write_error(region.answer(), {.code = ErrorCode::decode_crash,
                                  .detail = "the picture needs more memory than a decoder has"});
  }
}

int run_worker(int argument_count, char** arguments, Handler handler) {
  if (argument_count != 2) return 2;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto region = SharedRegion::open(UniqueFd(kMemoryDescriptor));
  if (!region) return 3;
  image::load_codecs();
  const LockdownLimits limits{.address_space_bytes = std::strtoull(arguments[1], nullptr, 10)};
  if (!lock_down(limits)) return 4;
  if (!say_done(kChannelDescriptor)) return 0;
  while (next_task(kChannelDescriptor)) {
    handler(*region);
    if (!say_done(kChannelDescriptor)) return 0;
  }
  return 0;
}

}  // namespace pixhaul::sandbox
