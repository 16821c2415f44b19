#include "net/quote.h"

#include <gtest/gtest.h>

#include <string>

namespace pixhaul::net {
namespace {

TEST(Quote, PlainTextAndUtf8StayAsTheyAre) {
  EXPECT_EQ(quote("http://x.org/a.jpg"), "'http://x.org/a.jpg'");
  EXPECT_EQ(quote("bücher/猫/\U0001f431"), "'bücher/猫/\U0001f431'");
  EXPECT_EQ(quote(""), "''");
}

TEST(Quote, ControlsAndBytesThatAreNoUtf8AreEscaped) {
  EXPECT_EQ(quote(std::string_view("a\0\x1b[2J\n\x7f", 8)), "'a\\x00\\x1b[2J\\x0a\\x7f'");
  EXPECT_EQ(quote("caf\xe9"), "'caf\\xe9'");
  EXPECT_EQ(quote("\xc0\xaf"), "'\\xc0\\xaf'");
  EXPECT_EQ(quote("\xe0\x80\xaf"), "'\\xe0\\x80\\xaf'");
  EXPECT_EQ(quote("\xed\xa0\x80"), "'\\xed\\xa0\\x80'");
  EXPECT_EQ(quote("\xf4\x90\x80\x80"), "'\\xf4\\x90\\x80\\x80'");
  EXPECT_EQ(quote("\xe7\x8c"), "'\\xe7\\x8c'");
  EXPECT_EQ(quote("\xc2\x9b"), "'\\xc2\\x9b'");           // a C1 control: CSI
  EXPECT_EQ(quote("\xe2\x80\xae"), "'\\xe2\\x80\\xae'");  // right-to-left override
}

TEST(Quote, LongTextEndsInDotsAndWholeCharacters) {
  const std::string text = quote(std::string(500, 'a'));
  EXPECT_TRUE(text.ends_with("a...'"));
  EXPECT_LE(text.size(), 106U);
  EXPECT_EQ(quote("üüü", 2), "'ü...'");
}

}  // namespace
}  // namespace pixhaul::net
