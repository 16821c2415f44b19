#include "net/robots_txt.h"

#include <gtest/gtest.h>

#include <string>

namespace pixhaul::net {
namespace {

bool allows(std::string_view body, std::string_view target) {
  return RobotsTxt::parse(body, "pixhaul").allows(target);
}

bool allows_by(std::string_view rules, std::string_view target) {
  return allows("User-agent: *\n" + std::string(rules), target);
}

TEST(RobotsTxt, NothingForbidsNothing) {
  for (const char* body : {"", "\n\n", "Disallow: /", "garbage", "<html>", "User-agent: *",
                           "User-agent: *\nDisallow:", "User-agent: other\nDisallow: /",
                           "User-agent: pixhaulx\nDisallow: /", "User-agent: pix\nDisallow: /",
                           "User-agent:\nDisallow: /"}) {
    EXPECT_TRUE(allows(body, "/a.jpg")) << body;
  }
}

TEST(RobotsTxt, GroupsAreChosenByName) {
  const char* body =
      "User-agent: *\nDisallow: /all\n\nUser-agent: a\nUser-agent: PixHaul/2.0\nDisallow: /ours\n\n"
      "User-agent: b\nDisallow: /b\nUser-agent: pixhaul\nDisallow: /more\n";
  EXPECT_TRUE(allows(body, "/all"));
  EXPECT_FALSE(allows(body, "/ours"));
  EXPECT_FALSE(allows(body, "/more"));
  EXPECT_TRUE(allows(body, "/b"));
  EXPECT_FALSE(allows("User-agent: pixhaul\nDisallow: /x\nUser-agent: *\nDisallow: /", "/x"));
  EXPECT_TRUE(allows("User-agent: pixhaul\nDisallow: /x\nUser-agent: *\nDisallow: /", "/y"));
  EXPECT_TRUE(allows("User-agent: *\nDisallow: /\nUser-agent: pixhaul\nDisallow:", "/y"));
}

TEST(RobotsTxt, OtherLinesDoNotEndAGroup) {
  EXPECT_FALSE(allows(
      "User-agent: pixhaul\nSitemap: /s\nCrawl-delay: 5\n\nUser-agent: b\nDisallow: /", "/x"));
  EXPECT_FALSE(
      allows("Sitemap: x\nuser-AGENT : *\nDISALLOW:/x # why\nfoo\nAllow: /y\nDisallow: /z", "/z"));
}

TEST(RobotsTxt, LineEndsCommentsAndTheByteOrderMarkAreUnderstood) {
  for (const char* body :
       {"User-agent: *\nDisallow: /x\n", "User-agent: *\r\nDisallow: /x\r\n",
        "User-agent: *\rDisallow: /x", "\xef\xbb\xbfUser-agent: *\nDisallow: /x",
        "# c\nUser-agent: * # all\nDisallow: /x # x\n", "  User-agent :\t*  \n  Disallow :  /x  ",
        "User-agent: *\n\n\nDisallow: /x"}) {
    EXPECT_FALSE(allows(body, "/xy")) << body;
    EXPECT_TRUE(allows(body, "/y")) << body;
  }
}

TEST(RobotsTxt, TheLongestRuleDecidesAndAllowAmongEquals) {
  EXPECT_TRUE(allows_by("Disallow: /a\nAllow: /a/b", "/a/b/c"));
  EXPECT_FALSE(allows_by("Allow: /a\nDisallow: /a/b", "/a/b/c"));
  EXPECT_TRUE(allows_by("Disallow: /a\nAllow: /a", "/a"));
  EXPECT_TRUE(allows_by("Allow: /a\nDisallow: /a", "/a"));
  EXPECT_TRUE(allows_by("Disallow: /*.gif\nAllow: /example/", "/example/x.gif"));
  EXPECT_TRUE(allows_by("Allow: /x$\nDisallow: /x", "/x"));
  EXPECT_FALSE(allows_by("Allow: /x$\nDisallow: /x", "/xy"));
}

struct MatchCase {
  const char* pattern;
  const char* target;
  bool is_match;
};

TEST(RobotsTxt, PatternsMatchAsTheRfcSays) {
  const MatchCase kCases[] = {
      {"/", "/", true},
      {"/fish", "/fish.html", true},
      {"/fish", "/Fish.asp", false},
      {"/fish", "/catfish", false},
      {"/fish*", "/fishheads/x", true},
      {"/fish/", "/fish", false},
      {"/*.php", "/a/b.php?x", true},
      {"/*.php$", "/a/b.php", true},
      {"/*.php$", "/a/b.php?x", false},
      {"/*.php$", "/a.php/b.php", true},
      {"/fish*.php", "/fishheads/catfish.php?p", true},
      {"/fish*.php", "/Fish.PHP", false},
      {"*", "/x", true},
      {"*.jpg", "/x.jpg", true},
      {"/a*b*c", "/a1b2c3", true},
      {"/a*b*c", "/a1c2b3", false},
      {"/a*b*c$", "/abcbc", true},
      {"/a**b", "/ab", true},
      {"/*a*a*a*a*a*a*b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
      {"/a$b", "/a$b", true},
      {"/a$b", "/a", false},
      {"/a%24", "/a$x", true},
      {"/a%2A", "/a*x", true},
      {"/a%2a", "/ab", false},
      {"/ab*$", "/ab*", true},
      {"$", "/", false},
      {"/$", "/", true},
      {"/$", "/x", false},
      {"/%7Euser", "/~user", true},
      {"/~user", "/%7euser", true},
      {"/a%2Fb", "/a/b", false},
      {"/a%2fb", "/a%2Fb", true},
      {"/\xe3\x83\x84", "/%E3%83%84", true},
      {"/%E3%83%84", "/\xe3\x83\x84", true},
      {"/%e3%83%84", "/%E3%83%84", true},
      {"/%62%61%7A", "/baz", true},
      {"/100%", "/100%", true},
      {"/100%zz", "/100%zz", true},
      {"/a?b=", "/a?b=c", true},
  };
  for (const MatchCase& row : kCases) {
    EXPECT_EQ(!allows_by("Disallow: " + std::string(row.pattern), row.target), row.is_match)
        << row.pattern << " on " << row.target;
  }
}

TEST(RobotsTxt, RobotsTxtItselfIsAlwaysAllowed) {
  EXPECT_TRUE(allows_by("Disallow: /", "/robots.txt"));
}

TEST(RobotsTxt, OnlyTheFirstFiveHundredKibibytesCount) {
  std::string body = "User-agent: *\nDisallow: /early\n";
  body += std::string(500 * 1024, '#') + "\nDisallow: /late\n";
  EXPECT_FALSE(allows(body, "/early"));
  EXPECT_TRUE(allows(body, "/late"));
}

// RFC 9309 §2.5: the first 500 KiB count; "Disallow: /private" cut behind its slash is no rule.
TEST(RobotsTxt, LineCutByTheLimitIsNone) {
  std::string body = "User-agent: *\nDisallow: /first\n";
  const std::string rule = "Disallow: /private/\n";
  for (const std::size_t in_front : {std::size_t{11}, std::size_t{12}, rule.size()}) {
    std::string long_body = body;
    long_body += "#" + std::string(500 * 1024 - long_body.size() - in_front - 2, 'x') + "\n";
    long_body += rule;
    if (in_front == rule.size()) long_body += "Disallow: /late\n";
    EXPECT_FALSE(allows(long_body, "/first"));
    EXPECT_EQ(allows(long_body, "/private/a"), in_front != rule.size());
    EXPECT_TRUE(allows(long_body, "/late"));
    EXPECT_TRUE(allows(long_body, "/other"));
  }
}

}  // namespace
}  // namespace pixhaul::net
