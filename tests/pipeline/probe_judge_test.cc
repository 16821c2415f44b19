#include "pipeline/probe_judge.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "pixhaul/outcome.h"
#include "support/images.h"

namespace pixhaul::pipeline {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// A comment of 200 KB stands before the frame header: the walk must go on until the size is known.
TEST(ProbeJudge, WithoutValidationTheFactsOfTheHeaderAreStillFound) {
  for (const std::string_view format : {"jpg", "png", "gif", "bmp"}) {
    const std::string image =
        testing::make_image({.width = 40, .height = 30, .format = format, .bytes = 200'000})
            .value();
    for (const std::size_t cut : {std::size_t{1}, std::size_t{700}, image.size()}) {
      ProbeJudge judge(Validate::none);
      for (std::size_t at = 0; at < image.size(); at += cut) {
        EXPECT_FALSE(judge.judge(bytes_of(std::string_view(image).substr(at, cut))));
      }
      EXPECT_FALSE(judge.finish());
      Outcome outcome;
      judge.describe(outcome);
      EXPECT_EQ(outcome.width, 40u) << format << ", cut at " << cut;
      EXPECT_EQ(outcome.height, 30u);
    }
  }
}

TEST(ProbeJudge, WithoutValidationNothingIsRefused) {
  ProbeJudge judge(Validate::none);
  EXPECT_FALSE(judge.judge(bytes_of("<html><body>not an image</body></html>")));
  EXPECT_FALSE(judge.finish());
}

TEST(ProbeJudge, StructureRefusesWhatEndsEarly) {
  const std::string image = testing::make_image({.format = "jpg"}).value();
  ProbeJudge judge(Validate::structure);
  EXPECT_FALSE(judge.judge(bytes_of(std::string_view(image).substr(0, image.size() - 10))));
  const auto refusal = judge.finish();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, ErrorCode::truncated);
}

}  // namespace
}  // namespace pixhaul::pipeline
