#include "pipeline/sample_maker.h"

#include <gtest/gtest.h>

#include "support/images.h"

namespace pixhaul::pipeline {
namespace {

class Pixels : public ::testing::Test {
 protected:
  // A sample of a picture of 1000 by 800 where pictures may take `most` bytes.
  Outcome make(std::uint64_t most, const SampleSettings& settings) {
    MemoryBudget budget(most, most, most);
    DecodeRoom room(budget, most);
    SampleMaker maker = *SampleMaker::create(settings, HashKind::none, &room);
    const std::string jpeg = *testing::make_image({.width = 1000, .height = 800});
    Outcome outcome{
        .status = ErrorCode::success, .format = ImageFormat::jpeg, .width = 1000, .height = 800};
    static_cast<void>(maker.make(std::as_bytes(std::span(jpeg)), {}, outcome));
    EXPECT_EQ(budget.used(), 0u);
    return outcome;
  }
  const SampleSettings decoded_{.decode = image::DecodeLimits{}};
  const SampleSettings resized_{
      .process = image::ProcessSettings{
          .transform = {.mode = image::ResizeMode::border, .image_size = 256}}};
};

TEST_F(Pixels, APictureThatFitsIsDecoded) {
  EXPECT_EQ(make(16u << 20, decoded_).status, ErrorCode::success);
  EXPECT_EQ(make(16u << 20, resized_).status, ErrorCode::success);
}

TEST_F(Pixels, OneThatWillNeverFitIsRefusedForGood) {
  for (const SampleSettings& settings : {decoded_, resized_}) {
    const Outcome refused = make(2u << 20, settings);
    EXPECT_EQ(refused.status, ErrorCode::too_many_pixels);
    EXPECT_TRUE(refused.detail.ends_with("MiB; --memory leaves 2 MiB")) << refused.detail;
    EXPECT_FALSE(refused.transient);
  }
}

TEST_F(Pixels, APictureOfUnknownSizeTakesAllThereIs) {
  MemoryBudget budget(1000, 1000, 1000);
  DecodeRoom room(budget, 1000);
  SampleMaker maker = *SampleMaker::create(decoded_, HashKind::none, &room);
  const std::string jpeg = *testing::make_image({.width = 10, .height = 8});
  Outcome outcome{.status = ErrorCode::success, .format = ImageFormat::jpeg};
  static_cast<void>(maker.make(std::as_bytes(std::span(jpeg)), {}, outcome));
  EXPECT_EQ(outcome.status, ErrorCode::success) << outcome.detail;
}

}  // namespace
}  // namespace pixhaul::pipeline
