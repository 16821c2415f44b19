#include "pixhaul/option_table.h"

#include <gmock/gmock.h>

#include "pipeline/option_values.h"

namespace pixhaul {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view name, std::string_view text) {
  Options options;
  const Result<> set = set_option(options, name, text);
  return set ? "" : set.error().detail;
}

std::string check(const Options& options, std::vector<std::string> given) {
  const Result<> checked = check_options(options, given);
  return checked ? "" : checked.error().detail;
}

TEST(OptionTable, EveryDefaultReadsBackAsItself) {
  for (const OptionInfo& info : option_table()) {
    Options options;
    const std::string text = option_text(Options(), info.name);
    const Result<> set = set_option(options, info.name, text);
    EXPECT_TRUE(set) << info.name << " = '" << text << "'" << (set ? "" : set.error().detail);
    EXPECT_EQ(option_text(options, info.name), text) << info.name;
  }
}

TEST(OptionTable, EveryOptionHasGroupAndASentence) {
  for (const OptionInfo& info : option_table()) {
    EXPECT_FALSE(info.group.empty()) << info.name;
    EXPECT_TRUE(info.help.ends_with('.')) << info.name;
    EXPECT_EQ(find_option(info.name)->name, info.name);
  }
}

TEST(OptionTable, ShortFlagsAreUnique) {
  std::string seen;
  for (const OptionInfo& info : option_table()) {
    if (info.short_flag == 0) continue;
    EXPECT_EQ(seen.find(info.short_flag), seen.npos) << info.short_flag;
    seen += info.short_flag;
  }
  EXPECT_EQ(seen.size(), 8u);  // i o j x k H e A
}

TEST(OptionTable, EveryChoiceIsAcceptedAndWrittenBack) {
  for (const OptionInfo& info : option_table()) {
    if (info.value.find('|') == info.value.npos || info.name == "retry_failed") continue;
    for (const std::string& choice : pipeline::split_list(info.value, '|')) {
      Options options;
      EXPECT_TRUE(set_option(options, info.name, choice)) << info.name << " " << choice;
      EXPECT_EQ(option_text(options, info.name), choice);
    }
    EXPECT_THAT(refusal(info.name, "neither"), HasSubstr("one of ")) << info.name;
  }
}

TEST(OptionTable, ChoicesMeanTheEnumeratorOfThatName) {
  Options options;
  ASSERT_TRUE(set_option(options, "connection", "fresh"));
  ASSERT_TRUE(set_option(options, "body", "stream"));
  ASSERT_TRUE(set_option(options, "http_version", "1.1"));
  ASSERT_TRUE(set_option(options, "validate", "none"));
  ASSERT_TRUE(set_option(options, "compute_hash", "md5"));
  ASSERT_TRUE(set_option(options, "progress", "json"));
  EXPECT_EQ(options.connection, ConnectionMode::fresh);
  EXPECT_EQ(options.body, BodyMode::stream);
  EXPECT_EQ(options.http_version, HttpVersion::http1);
  EXPECT_EQ(options.validate, Validate::none);
  EXPECT_EQ(options.compute_hash, HashKind::md5);
  EXPECT_EQ(options.progress, ProgressStyle::json);
}

TEST(OptionTable, DashesAndUnderscoresAreTheSame) {
  EXPECT_EQ(find_option("host-concurrency"), find_option("host_concurrency"));
  EXPECT_EQ(find_option("no_such_thing"), nullptr);
}

TEST(OptionTable, SizesAreDecimalOrBinaryAsWritten) {
  struct Case {
    std::string_view text;
    std::uint64_t value;
    std::string_view written;
  };
  const Case cases[] = {
      {"10M", 10'000'000, "10M"},  {"10MiB", 10 << 20, "10MiB"},
      {"10MB", 10'000'000, "10M"}, {"1.5GiB", 3ull << 29, "1536MiB"},
      {"1000", 1000, "1K"},        {"1", 1, "1"},
      {"4Ki", 4096, "4KiB"},       {"1k", 1000, "1K"},
  };
  for (const Case& one : cases) {
    Options options;
    ASSERT_TRUE(set_option(options, "max_body_bytes", one.text)) << one.text;
    EXPECT_EQ(options.max_body_bytes, one.value) << one.text;
    EXPECT_EQ(option_text(options, "max_body_bytes"), one.written) << one.text;
  }
  for (std::string_view text :
       {"", "M", "10X", "-1", "10 M", "1.M", "99999999999999999999", "17179869184GiB", "0"}) {
    EXPECT_THAT(refusal("max_body_bytes", text), HasSubstr("10MiB")) << text;
  }
}

TEST(OptionTable, TimesHaveUnitsAndBareNumbersAreSeconds) {
  struct Case {
    std::string_view text;
    std::int64_t value;
    std::string_view written;
  };
  const Case cases[] = {{"250ms", 250, "250ms"},  {"30s", 30'000, "30s"},  {"5m", 300'000, "5m"},
                        {"90s", 90'000, "90s"},   {"2h", 7'200'000, "2h"}, {"10", 10'000, "10s"},
                        {"1.5s", 1'500, "1500ms"}};
  for (const Case& one : cases) {
    Options options;
    ASSERT_TRUE(set_option(options, "deadline", one.text)) << one.text;
    EXPECT_EQ(options.deadline, milliseconds(one.value)) << one.text;
    EXPECT_EQ(option_text(options, "deadline"), one.written) << one.text;
  }
  EXPECT_THAT(refusal("deadline", "soon"),
              HasSubstr("--deadline cannot be 'soon': it takes a time such as 250ms"));
  EXPECT_NE(refusal("deadline", "0"), "");
}

TEST(OptionTable, AbsentValuesAreNoneOrAuto) {
  Options options;
  ASSERT_TRUE(set_option(options, "concurrency", "64"));
  EXPECT_EQ(options.concurrency, 64u);
  EXPECT_EQ(option_text(options, "concurrency"), "64");
  ASSERT_TRUE(set_option(options, "concurrency", "auto"));
  EXPECT_EQ(options.concurrency, std::nullopt);
  ASSERT_TRUE(set_option(options, "host_interval", "1s"));
  EXPECT_EQ(options.host_interval, milliseconds(1000));
  ASSERT_TRUE(set_option(options, "host_interval", "none"));
  EXPECT_EQ(options.host_interval, std::nullopt);
  ASSERT_TRUE(set_option(options, "min_speed", "none"));
  EXPECT_EQ(options.min_speed, 0u);
  EXPECT_NE(refusal("concurrency", "none"), "");
  EXPECT_NE(refusal("concurrency", "0"), "");
  EXPECT_NE(refusal("concurrency", "4294967296"), "");
}

TEST(OptionTable, BooleansAreBareTrueOrFalse) {
  Options options;
  ASSERT_TRUE(set_option(options, "insecure", ""));
  EXPECT_TRUE(options.insecure);
  ASSERT_TRUE(set_option(options, "insecure", "false"));
  EXPECT_FALSE(options.insecure);
  EXPECT_THAT(refusal("insecure", "maybe"), HasSubstr("true or false"));
}

TEST(OptionTable, ListsAppendSplitAtCommasAndAreEmptiedByNone) {
  Options options;
  ASSERT_TRUE(set_option(options, "allow_net", "127.0.0.0/8, 10.0.0.0/8"));
  ASSERT_TRUE(set_option(options, "allow_net", "::1/128"));
  EXPECT_THAT(options.allow_net, ElementsAre("127.0.0.0/8", "10.0.0.0/8", "::1/128"));
  ASSERT_TRUE(set_option(options, "allow_net", "none"));
  EXPECT_TRUE(options.allow_net.empty());
  ASSERT_TRUE(set_option(options, "disallowed_header_directives", "none,noai"));
  EXPECT_THAT(options.disallowed_header_directives, ElementsAre("noai"));
  EXPECT_EQ(option_text(options, "disallowed_header_directives"), "none,noai");
}

TEST(OptionTable, HeadersKeepTheirCommasAndAreChecked) {
  Options options;
  ASSERT_TRUE(set_option(options, "header", "X-List: a, b"));
  EXPECT_THAT(options.header, ElementsAre("X-List: a, b"));
  EXPECT_THAT(refusal("header", "no colon"), HasSubstr("'Name: value'"));
  EXPECT_THAT(refusal("header", "X Y: z"), HasSubstr("'Name: value'"));
  EXPECT_THAT(refusal("header", "User-Agent: me"), HasSubstr("--user_agent"));
  EXPECT_THAT(refusal("header", "X: a\r"), HasSubstr("control character"));
  EXPECT_THAT(refusal("user_agent", "a\r\nB: c"), HasSubstr("control characters"));
}

TEST(OptionTable, RefusedHeaderValuesAreNotRepeated) {
  EXPECT_THAT(refusal("header", "Host: secret"), testing::Not(HasSubstr("secret")));
}

TEST(OptionTable, RetryFailedTakesRowStatusesOnly) {
  EXPECT_EQ(refusal("retry_failed", "transient"), "");
  EXPECT_EQ(refusal("retry_failed", "dns_timeout,http_5xx"), "");
  EXPECT_THAT(refusal("retry_failed", "dns_timeout,nonsense"), HasSubstr("'nonsense'"));
  EXPECT_NE(refusal("retry_failed", "success"), "");
  EXPECT_NE(refusal("retry_failed", "disk_full"), "");
}

TEST(OptionTable, RatiosAreBetweenZeroAndOne) {
  Options options;
  ASSERT_TRUE(set_option(options, "fail_ratio", "5%"));
  EXPECT_DOUBLE_EQ(options.fail_ratio, 0.05);
  EXPECT_EQ(option_text(options, "fail_ratio"), "0.05");
  for (std::string_view text : {"1.1", "-0.1", "nan", "", "x"})
    EXPECT_NE(refusal("fail_ratio", text), "") << text;
}

TEST(OptionTable, TyposGetTheNearestName) {
  EXPECT_EQ(nearest_option("host-concurency"), "host_concurrency");
  EXPECT_EQ(nearest_option("ouput_folder"), "output_folder");
  EXPECT_EQ(nearest_option("retires"), "retries");
  EXPECT_EQ(nearest_option("zzzzzzzz"), "");
  EXPECT_EQ(refusal("max-rowz", "1"), "there is no option --max-rowz; did you mean --max_rows?");
}

TEST(OptionCheck, DefaultsPassWhateverIsGiven) {
  // Those that do nothing with the defaults of others.
  const std::vector<std::string_view> idle = {"max_pixels",
                                              "proxy_dns",
                                              "image_size",
                                              "resize_only_if_bigger",
                                              "skip_reencode",
                                              "encode_quality",
                                              "color",
                                              "upscale_interpolation",
                                              "exif_orientation",
                                              "sizes",
                                              "downscale_interpolation"};
  std::vector<std::string> given;
  for (const OptionInfo& info : option_table()) {
    if (std::find(idle.begin(), idle.end(), info.name) != idle.end()) continue;
    given.emplace_back(info.name);
  }
  EXPECT_EQ(check(Options(), given), "");
}

TEST(OptionCheck, OptionsWithoutEffectNameBoth) {
  Options options;
  options.proxy = "none";
  EXPECT_EQ(check(options, {"proxy_dns"}), "--proxy_dns has no effect without --proxy");
  options.proxy = "http://proxy:3128";
  EXPECT_EQ(check(options, {"proxy_dns"}), "");
  options.output_format = OutputFormat::dummy;
  EXPECT_THAT(check(options, {"file_names"}), HasSubstr("--output_format dummy"));
  EXPECT_EQ(check(options, {}), "");
  options.insecure = true;
  EXPECT_THAT(check(options, {"ca_file"}), HasSubstr("--insecure"));
  options.user_agent = "me";
  options.contact = "me@example.org";
  EXPECT_THAT(check(options, {"contact"}), HasSubstr("--user_agent"));
  EXPECT_THAT(check(options, {"max_pixels"}), HasSubstr("--validate decode"));
  options.sandbox = Sandbox::on;
  EXPECT_THAT(check(options, {"sandbox"}), HasSubstr("--validate decode"));
}

TEST(OptionCheck, LimitsThatCannotBindAreRefused) {
  Options options;
  options.connect_timeout = std::chrono::seconds(60);
  EXPECT_THAT(check(options, {"connect_timeout"}), HasSubstr("--deadline"));
  options.concurrency = 4;
  options.host_concurrency = 8;
  EXPECT_THAT(check(options, {"concurrency", "host_concurrency"}),
              HasSubstr("beyond --concurrency"));
  options.address_concurrency = 2;
  EXPECT_THAT(check(options, {"address_concurrency", "host_concurrency"}),
              HasSubstr("never below"));
}

TEST(OptionCheck, StreamContradictsDecode) {
  Options options;
  options.body = BodyMode::stream;
  options.validate = Validate::decode;
  EXPECT_THAT(check(options, {"body"}), HasSubstr("contradicts decoding"));
}

TEST(OptionCheck, OptionsOfPixelsNeedPixels) {
  Options options;
  EXPECT_EQ(check(options, {"image_size"}), "--image_size has no effect with --resize_mode no");
  EXPECT_THAT(check(options, {"encode_quality"}), HasSubstr("kept as served"));
  options.resize_mode = ResizeMode::border;
  options.encode_quality = 101;
  EXPECT_EQ(check(options, {"image_size"}), "");
  EXPECT_THAT(check(options, {"encode_quality"}), HasSubstr("1 to 100"));
  EXPECT_THAT(check(options, {"validate"}), HasSubstr("no effect"));
  options.disable_all_reencoding = true;
  EXPECT_THAT(check(options, {"disable_all_reencoding", "resize_mode"}), HasSubstr("contradicts"));
  options = Options();
  options.worker_index = 2;
  options.worker_count = 2;
  EXPECT_THAT(check(options, {"worker_index"}), HasSubstr("below --worker_count"));
}

TEST(EditDistance, CountsASwapAsOne) {
  EXPECT_EQ(pipeline::edit_distance("retires", "retries"), 1u);
  EXPECT_EQ(pipeline::edit_distance("", "abc"), 3u);
  EXPECT_EQ(pipeline::edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace pixhaul
