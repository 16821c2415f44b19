#include "sandbox/decoder.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string_view>

#include "image/samples.h"

namespace pixhaul::sandbox {
namespace {

using namespace std::chrono_literals;

image::Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::unique_ptr<Decoder> decoder_of(const char* program, DecoderSettings settings = {}) {
  settings.program = program;
  auto made = Decoder::create(settings);
  EXPECT_TRUE(made) << made.error().detail;
  return made ? std::move(*made) : nullptr;
}

// A sanitizer meets faults and bombs before the sandbox does, and takes what RLIMIT_AS counts.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

class Canary : public testing::Test {
 protected:
  Result<image::Processed> act(std::string_view name) {
    const image::ProcessSettings settings{.limits = {.max_cpu_time = 100ms}};
    return decoder_->process(bytes_of(name), settings, {});
  }
  /// The next picture is served as if nothing had been.
  void expect_unharmed() {
    auto done = act("work");
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(done->width, 1u);
  }

  std::unique_ptr<Decoder> decoder_ =
      decoder_of(PIXHAUL_CANARY, {.address_space_bytes = 512U << 20, .grace = 200ms});
};

TEST_F(Canary, NoneOfFortyForbiddenActsIsDone) {
  constexpr std::array kActs = {"open",
                                "openat2",
                                "creat",
                                "unlink",
                                "rename",
                                "mkdir",
                                "symlink",
                                "chmod",
                                "stat",
                                "access",
                                "readlink",
                                "chdir",
                                "mount",
                                "socket",
                                "socket6",
                                "socket_unix",
                                "connect",
                                "sendmsg",
                                "fork",
                                "clone",
                                "clone3",
                                "execve",
                                "kill",
                                "ptrace",
                                "process_vm_readv",
                                "executable_memory",
                                "make_executable",
                                "memfd",
                                "truncate_region",
                                "dup",
                                "pipe",
                                "epoll",
                                "eventfd",
                                "timerfd",
                                "inotify",
                                "io_uring",
                                "shared_segment",
                                "unshare",
                                "raise_limits",
                                "set_user"};
  static_assert(kActs.size() == 40);
  for (const std::string_view name : kActs) {
    SCOPED_TRACE(name);
    const auto done = act(name);
    ASSERT_FALSE(done) << "was " << (done->width == 1 ? "done" : "not ended");
    EXPECT_EQ(done.error().code, ErrorCode::decode_crash);
    EXPECT_EQ(done.error().detail, "the decoder made a system call that it may not make");
  }
  expect_unharmed();
  EXPECT_EQ(decoder_->worker_count(), 41u);
}

TEST_F(Canary, ACrashCostsItsOwnPicture) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizer's to see";
  const auto done = act("segfault");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::decode_crash);
  EXPECT_EQ(done.error().detail, "the decoder died of signal 11 (Segmentation fault)");
  expect_unharmed();
  EXPECT_EQ(act("crash").error().code, ErrorCode::decode_crash);
  expect_unharmed();
  EXPECT_EQ(act("exit").error().detail, "the decoder ended with exit code 7");
  expect_unharmed();
}

TEST_F(Canary, AHangIsEndedByItsProcessorTime) {
  const auto done = act("spin");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::decode_deadline);
  expect_unharmed();
}

TEST_F(Canary, ABombMeetsTheLimitOfItsAddressSpace) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizer's to see";
  const auto done = act("allocate");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->width, 2u);
  expect_unharmed();
}

TEST_F(Canary, AnswersThatCannotBeAreNotBelieved) {
  for (const std::string_view lie : {"lie_status", "lie_size", "lie_format"}) {
    SCOPED_TRACE(lie);
    EXPECT_EQ(act(lie).error().code, ErrorCode::decode_crash);
    expect_unharmed();
  }
  const auto text = act("lie_text");
  ASSERT_TRUE(text);
  EXPECT_LE(text->warning.size(), 1024u);
}

TEST_F(Canary, ABodyThatDoesNotFitIsRefused) {
  const std::string large(40U << 20, 'x');
  EXPECT_EQ(act(large).error().code, ErrorCode::too_large);
  expect_unharmed();
}

TEST(SandboxedDecoder, AProgramThatIsNotThereIsNamed) {
  const auto made = Decoder::create({.program = "/nowhere/pixhaul-decoder"});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().detail.find("/nowhere/pixhaul-decoder"), std::string::npos);
}

TEST(SandboxedDecoder, SamplesAreThoseOfTheSameCallInThisProcess) {
  const auto decoder = decoder_of(PIXHAUL_DECODER);
  const image::ProcessSettings settings{.transform = {.image_size = 32},
                                        .encode = {.format = ImageFormat::png, .quality = 1},
                                        .may_blur = true};
  const std::array boxes{image::Box{.left = 0.1, .top = 0.1, .right = 0.9, .bottom = 0.9}};
  auto all = image::encoded_samples();
  const auto handmade = image::handmade_samples();
  all.insert(all.end(), handmade.begin(), handmade.end());
  for (const image::Sample& sample : all) {
    SCOPED_TRACE(sample.name);
    const auto here = image::process(bytes_of(sample.bytes), settings, boxes);
    const auto there = decoder->process(bytes_of(sample.bytes), settings, boxes);
    ASSERT_EQ(here.has_value(), there.has_value())
        << (here ? there.error().detail : here.error().detail);
    const auto checked = decoder->check(bytes_of(sample.bytes), settings.limits);
    EXPECT_EQ(checked.has_value(),
              image::decode(bytes_of(sample.bytes), settings.limits).has_value());
    if (!here) {
      EXPECT_EQ(here.error().code, there.error().code);
      EXPECT_EQ(here.error().detail, there.error().detail);
      continue;
    }
    EXPECT_TRUE(std::ranges::equal(here->bytes.bytes(), there->bytes.bytes()));
    EXPECT_EQ(here->width, there->width);
    EXPECT_EQ(here->original_height, there->original_height);
    EXPECT_EQ(here->warning, there->warning);
    auto pixels = decoder->process_to_pixels(bytes_of(sample.bytes), settings, boxes);
    auto expected = image::process_to_pixels(bytes_of(sample.bytes), settings, boxes);
    ASSERT_TRUE(pixels) << pixels.error().detail;
    EXPECT_TRUE(std::ranges::equal(pixels->image.pixels(), expected->image.pixels()));
    EXPECT_EQ(pixels->image.width(), expected->image.width());
  }
  EXPECT_EQ(decoder->worker_count(), 1u);
}

// Of 24 × 16 with the same pixels in each layout.
TEST(SandboxedDecoder, TiffIsDecodedThereAndOnlyThere) {
  const auto decoder = decoder_of(PIXHAUL_DECODER);
  const image::DecodeLimits limits{.may_decode_tiff = true};
  const image::ProcessSettings settings{.limits = limits,
                                        .transform = {.mode = image::ResizeMode::no}};
  int seen = 0;
  for (const image::Sample& sample : image::handmade_samples()) {
    if (sample.format != ImageFormat::tiff) continue;
    SCOPED_TRACE(sample.name);
    ++seen;
    const auto pixels = decoder->process_to_pixels(bytes_of(sample.bytes), settings, {});
    ASSERT_TRUE(pixels) << pixels.error().detail;
    EXPECT_EQ(pixels->image.width(), sample.width);
    EXPECT_EQ(pixels->image.height(), sample.height);
    EXPECT_EQ(decoder->check(bytes_of(sample.bytes), {}).error().code,
              ErrorCode::unsupported_format);
    EXPECT_FALSE(
        decoder->check(bytes_of(sample.bytes), {.max_pixels = 10, .may_decode_tiff = true}));
  }
  EXPECT_GE(seen, 6);
}

// It sorts, and glibc asks the kernel for the size of the memory first.
TEST(SandboxedDecoder, EncodesWithoutLossAsInThisProcess) {
  const auto decoder = decoder_of(PIXHAUL_DECODER);
  const image::ProcessSettings settings{.transform = {.mode = image::ResizeMode::keep_ratio,
                                                      .image_size = 96,
                                                      .upscale = image::Interpolation::nearest},
                                        .encode = {.format = ImageFormat::webp, .quality = 101}};
  for (const image::Sample& sample : image::encoded_samples()) {
    const auto here = image::process(bytes_of(sample.bytes), settings, {});
    const auto there = decoder->process(bytes_of(sample.bytes), settings, {});
    ASSERT_EQ(here.has_value(), there.has_value()) << sample.name;
    if (here) {
      EXPECT_TRUE(std::ranges::equal(here->bytes.bytes(), there->bytes.bytes()));
    }
  }
}

}  // namespace
}  // namespace pixhaul::sandbox
