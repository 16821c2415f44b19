#include "net/robots_tag.h"

#include <gtest/gtest.h>

namespace pixhaul::net {
namespace {

const std::vector<std::string> kDefaults = {"noai", "noimageai", "noindex", "noimageindex"};

bool refuses(std::vector<std::string_view> values,
             const std::vector<std::string>& directives = kDefaults) {
  return disallows(values, directives, "pixhaul");
}

TEST(RobotsTag, OptOutsAreHeardHoweverTheyAreWritten) {
  for (const char* value : {"noai",
                            "NoAI",
                            "NoAI, follow",
                            "follow,noai",
                            "follow , noai",
                            " noai ",
                            "noindex, nofollow",
                            "none",
                            "NONE",
                            "noarchive,none",
                            "max-image-preview: large, noai",
                            "noai, max-image-preview: large",
                            "max-image-preview:large,noai",
                            "max-snippet: -1, max-video-preview: 0, noimageai",
                            "unavailable_after: 25 Jun 2010 15:00:00 PST, noindex",
                            "unavailable_after: Friday, 25-Jun-10 15:00:00 UTC, noindex",
                            "unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noindex",
                            "noindex, unavailable_after: 2010-06-25T15:00:00Z",
                            "unavailable_after: 2010-06-25T15:00:00+02:00, noimageindex",
                            "pixhaul: noai",
                            "PixHaul: noai",
                            "pixhaul : noai",
                            "pixhaul:noai",
                            "pixhaul/1.0: noai",
                            "*: noai",
                            "otherbot: nofollow, pixhaul: noai",
                            "otherbot: nofollow, pixhaul: all, noai",
                            "pixhaul: noarchive, noai, otherbot: all",
                            "otherbot: max-snippet: 5, pixhaul: noai",
                            "pixhaul: max-image-preview: large, noai",
                            "noai, otherbot: all",
                            "max-image-preview: none noai",
                            "noindex nofollow",
                            "noai; noimageai",
                            "unknown-thing: 5, noai",
                            ", ,noai,",
                            "foo, noimageindex"}) {
    EXPECT_TRUE(refuses({value})) << value;
  }
}

TEST(RobotsTag, WhatForbidsNothingIsNotHeard) {
  for (const char* value : {"",
                            "all",
                            "index, follow",
                            "noarchive",
                            "nofollow",
                            "max-image-preview: none",
                            "max-image-preview: large",
                            "otherbot: noai",
                            "otherbot: noai, noindex",
                            "otherbot: none",
                            "pixhaulx: noai",
                            "pixhau: noai",
                            "xpixhaul: noindex",
                            "pixhaul: all, otherbot: noai",
                            "noaix",
                            "xnoai",
                            "no-ai",
                            "noai=0",
                            ",",
                            ":",
                            ": :",
                            "unavailable_after: 25 Jun 2010 15:00:00 PST",
                            "otherbot: unavailable_after: Fri, 25 Jun 2010, noindex"}) {
    EXPECT_FALSE(refuses({value})) << value;
  }
}

TEST(RobotsTag, EachFieldBeginsForEveryone) {
  EXPECT_TRUE(refuses({"otherbot: nofollow", "noimageai"}));
  EXPECT_TRUE(refuses({"all", "noimageai"}));
  EXPECT_TRUE(refuses({"otherbot: noai", "all", "pixhaul: noai"}));
  EXPECT_FALSE(refuses({"otherbot: noai", "otherbot: noindex"}));
  EXPECT_FALSE(refuses({}));
}

TEST(RobotsTag, OnlyTheGivenDirectivesForbid) {
  EXPECT_FALSE(refuses({"noai, none"}, {"noimageai"}));
  EXPECT_TRUE(refuses({"none"}, {"nofollow"}));
  EXPECT_TRUE(refuses({"none"}, {"none"}));
  EXPECT_TRUE(refuses({"NoTrain"}, {"notrain"}));
  EXPECT_TRUE(refuses({"notrain"}, {"NoTrain"}));
  EXPECT_FALSE(refuses({"otherbot: notrain"}, {"notrain"}));
  EXPECT_FALSE(refuses({"noai"}, {}));
}

TEST(RobotsTag, AReservationIsExactlyOne) {
  EXPECT_TRUE(reserves_mining("1"));
  EXPECT_TRUE(reserves_mining(" 1 "));
  for (const char* value : {"", "0", "true", "11", "1, 0"})
    EXPECT_FALSE(reserves_mining(value)) << value;
}

}  // namespace
}  // namespace pixhaul::net
