#include "cli/flags.h"

#include <gmock/gmock.h>

namespace pixhaul::cli {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

Invocation parsed(std::vector<std::string> arguments, const Environment& environment = {}) {
  auto invocation = parse_command_line(arguments, environment);
  EXPECT_TRUE(invocation) << (invocation ? "" : invocation.error().detail);
  return invocation.value_or(Invocation());
}

std::string refusal(std::vector<std::string> arguments, const Environment& environment = {}) {
  const auto invocation = parse_command_line(arguments, environment);
  return invocation ? "" : invocation.error().detail;
}

TEST(Flags, ListsFlagsAndValuesMayBeMixed) {
  const Invocation got = parsed({"a.txt", "-o", "out", "--deadline=10s", "-", "-j8", "b.txt.gz"});
  EXPECT_THAT(got.options.url_list, ElementsAre("a.txt", "-", "b.txt.gz"));
  EXPECT_EQ(got.options.output_folder, "out");
  EXPECT_EQ(got.options.deadline, seconds(10));
  EXPECT_EQ(got.options.concurrency, 8u);
}

TEST(Flags, DashesAndUnderscoresAreTheSame) {
  EXPECT_EQ(parsed({"--host-concurrency", "3"}).options.host_concurrency, 3u);
  EXPECT_EQ(parsed({"--host_concurrency", "3"}).options.host_concurrency, 3u);
}

TEST(Flags, BooleansTakeTheirValueOnlyAfterAnEqualsSign) {
  EXPECT_FALSE(parsed({"-k", "--insecure=false"}).options.insecure);
  EXPECT_EQ(refusal({"--insecure", "false"}),
            "--insecure takes its value behind '=': --insecure=false (a list of that name: "
            "./false)");
  EXPECT_THAT(refusal({"-k", "True", "urls.txt"}), HasSubstr("--insecure=true"));
  EXPECT_THAT(parsed({"--insecure", "./false"}).options.url_list, ElementsAre("./false"));
}

TEST(Flags, TwoDashesEndTheOptions) {
  EXPECT_THAT(parsed({"--", "-o", "--x"}).options.url_list, ElementsAre("-o", "--x"));
}

TEST(Flags, ShortLettersMayBeBundled) {
  const Invocation got = parsed({"-kqj4", "-iurls.txt", "-H", "A: b", "-H", "C: d"});
  EXPECT_TRUE(got.options.insecure);
  EXPECT_EQ(got.options.progress, ProgressStyle::none);
  EXPECT_EQ(got.options.log_level, LogLevel::error);
  EXPECT_EQ(got.options.concurrency, 4u);
  EXPECT_THAT(got.options.url_list, ElementsAre("urls.txt"));
  EXPECT_THAT(got.options.header, ElementsAre("A: b", "C: d"));
}

TEST(Flags, FingersThatKnowCurlAndWgetAreUnderstood) {
  const Invocation got = parsed({"-L", "-O", "-c", "--continue", "--retry", "5",
                                 "--connect-timeout", "2", "--max-time", "7", "-A", "me", "-e",
                                 "http://r/", "-x", "http://p:1", "--limit-rate", "1M", "u.txt"});
  EXPECT_EQ(got.options.retries, 5u);
  EXPECT_EQ(got.options.connect_timeout, seconds(2));
  EXPECT_EQ(got.options.deadline, seconds(7));
  EXPECT_EQ(got.options.user_agent, "me");
  EXPECT_EQ(got.options.referer, "http://r/");
  EXPECT_EQ(got.options.proxy, "http://p:1");
  EXPECT_EQ(got.options.limit_rate, 1'000'000u);
  EXPECT_THAT(got.options.url_list, ElementsAre("u.txt"));
}

TEST(Flags, EveryOptionIsAVariableAndAFlagOutweighsIt) {
  const Environment environment = {{"PIXHAUL_HOST_CONCURRENCY", "4"},
                                   {"PIXHAUL_DEADLINE", "9s"},
                                   {"PIXHAUL_ALLOW_NET", "127.0.0.0/8"}};
  const Invocation got = parsed({"--deadline", "1s"}, environment);
  EXPECT_EQ(got.options.host_concurrency, 4u);
  EXPECT_EQ(got.options.deadline, seconds(1));
  EXPECT_THAT(got.options.allow_net, ElementsAre("127.0.0.0/8"));
  EXPECT_EQ(got.origins.at("host_concurrency"), Origin::environment);
  EXPECT_EQ(got.origins.at("deadline"), Origin::flag);
  EXPECT_FALSE(got.origins.contains("retries"));
}

TEST(Flags, ABadVariableIsNamed) {
  EXPECT_THAT(refusal({"u.txt"}, {{"PIXHAUL_RETRIES", "many"}}),
              HasSubstr("PIXHAUL_RETRIES: --retries cannot be 'many'"));
}

TEST(Flags, TyposNameTheNearestOption) {
  EXPECT_EQ(refusal({"--ouput-folder", "x"}),
            "there is no option --ouput-folder; did you mean --output_folder?");
  EXPECT_THAT(refusal({"--dry"}), HasSubstr("did you mean --dry_run?"));
  EXPECT_THAT(refusal({"--qqqqqqqqq"}), HasSubstr("--help all"));
  EXPECT_THAT(refusal({"-Z"}), HasSubstr("there is no option -Z"));
}

TEST(Flags, MissingValuesAreNamed) {
  EXPECT_EQ(refusal({"--deadline"}), "--deadline needs a value: TIME");
  EXPECT_EQ(refusal({"-o"}), "--output_folder needs a value: DIR");
  EXPECT_THAT(refusal({"--dry_run=7"}), HasSubstr("takes no value"));
}

TEST(Flags, CompareHasWordsOfItsOwn) {
  const Invocation got = parsed({"compare", "u.txt", "--images", "5,7", "--rounds=3", "--json",
                                 "f.json", "--plot", "f.svg", "--with", "requests", "--http2"});
  EXPECT_EQ(got.command, Command::compare);
  EXPECT_THAT(got.compare.images, ElementsAre(5u, 7u));
  EXPECT_EQ(got.compare.rounds, 3u);
  EXPECT_EQ(got.compare.json, "f.json");
  EXPECT_EQ(got.compare.plot, "f.svg");
  EXPECT_TRUE(got.compare.with_requests);
  EXPECT_TRUE(got.compare.http2);
  EXPECT_THAT(refusal({"u.txt", "--rounds", "3"}), HasSubstr("pixhaul compare"));
  for (const char* images : {"", "0", "1,", "a", "1,,2", ",1"}) {
    EXPECT_THAT(refusal({"compare", "--images", images}), HasSubstr("--images cannot be"))
        << images;
  }
  EXPECT_THAT(refusal({"compare", "--with", "curl"}), HasSubstr("it takes requests"));
}

TEST(Flags, CommandWordsCountOnlyInFirstPlace) {
  EXPECT_THAT(parsed({"./compare", "compare"}).options.url_list,
              ElementsAre("./compare", "compare"));
  const Invocation got = parsed({"explain", "dns_timeout"});
  EXPECT_EQ(got.command, Command::explain);
  EXPECT_THAT(got.words, ElementsAre("dns_timeout"));
}

TEST(Flags, HelpTakesATopic) {
  EXPECT_EQ(parsed({"--help"}).help_topic, "");
  EXPECT_EQ(parsed({"--help", "all"}).help_topic, "all");
  EXPECT_EQ(parsed({"--help=host-interval"}).help_topic, "host_interval");
  EXPECT_EQ(parsed({"-h", "--dry_run"}).help_topic, "");
  EXPECT_EQ(parsed({"u.txt"}).help_topic, std::nullopt);
}

}  // namespace
}  // namespace pixhaul::cli
