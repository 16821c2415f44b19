#include "pipeline/decode_check.h"

#include <gtest/gtest.h>

#include <string>

namespace pixhaul::pipeline {
namespace {

using namespace std::string_literals;

// A GIF of one pixel, and the same with a canvas of 65535 × 65535.
const std::string kPixel = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"s;
const std::string kBomb =
    "GIF89a\xFF\xFF\xFF\xFF\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"s;

Outcome checked(const std::string& body, const std::optional<image::DecodeLimits>& limits) {
  Outcome outcome{.status = ErrorCode::success, .transient = true};
  check_by_decoding(std::as_bytes(std::span(body)), limits, outcome);
  return outcome;
}

TEST(DecodeCheck, WhatDecodesStaysASuccess) {
  const Outcome outcome = checked(kPixel, image::DecodeLimits{});
  EXPECT_EQ(outcome.status, ErrorCode::success);
  EXPECT_EQ(outcome.detail, "");
}

TEST(DecodeCheck, WhatDoesNotIsAPermanentFailureWithItsReason) {
  const Outcome outcome = checked(kBomb, image::DecodeLimits{.max_pixels = 1'000});
  EXPECT_EQ(outcome.status, ErrorCode::too_many_pixels);
  EXPECT_EQ(outcome.detail,
            "65535 x 65535 is 4294.836225 million pixels; 1000 allowed (--max_pixels)");
  EXPECT_FALSE(outcome.transient);
}

TEST(DecodeCheck, NothingIsDecodedUnlessAskedFor) {
  EXPECT_EQ(checked(kBomb, std::nullopt).status, ErrorCode::success);
}

}  // namespace
}  // namespace pixhaul::pipeline
