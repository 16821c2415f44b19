#include "cli/summary.h"

#include <gmock/gmock.h>

#include "base/numbers.h"

namespace pixhaul::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Summary finished(std::uint64_t rows, std::uint64_t images) {
  Summary summary;
  summary.rows = rows;
  summary.images = images;
  summary.failed = rows - images;
  summary.image_bytes = 12'400'000;
  summary.stats.seconds = 1.9;
  summary.output_folder = "images";
  return summary;
}

Options one_list() {
  Options options;
  options.url_list = {"urls.txt"};
  return options;
}

TEST(SummaryText, SuccessIsOneSentence) {
  EXPECT_EQ(summary_text(finished(40, 40), one_list()),
            "40 of 40 images in images/ (12.4 MB, 1.9 s).\n");
}

TEST(SummaryText, FewReasonsFitASentence) {
  Summary summary = finished(40, 38);
  summary.failed_list = "images/failed.txt";
  summary.failures = {
      {.status = ErrorCode::http_4xx,
       .http_status = 404,
       .transient = true,
       .count = 1,
       .hosts = {"a.org"},
       .host_count = 1,
       .first_input = "urls.txt",
       .first_line = 17},
      {.status = ErrorCode::dns_not_found,
       .count = 1,
       .hosts = {"b.org"},
       .host_count = 1,
       .first_input = "urls.txt",
       .first_line = 20},
  };
  const std::string text = summary_text(summary, one_list());
  EXPECT_THAT(text, HasSubstr("38 of 40 images in images/ (12.4 MB, 1.9 s). 2 failed: 1 gone (HTTP "
                              "404), 1 unknown host name; "
                              "line 17 (a.org); line 20 (b.org).\n"));
  EXPECT_THAT(text, HasSubstr("images/failed.txt"));
  EXPECT_THAT(text, HasSubstr("pixhaul urls.txt --retry_failed transient"));
  EXPECT_THAT(text, HasSubstr("pixhaul explain http_4xx"));
}

TEST(SummaryText, ARetryIsOfferedOnlyWhenAFailureMayPass) {
  Summary summary = finished(40, 39);
  summary.failed_list = "images/failed.txt";
  summary.failures = {{.status = ErrorCode::dns_not_found, .count = 1}};
  const std::string text = summary_text(summary, one_list());
  EXPECT_THAT(text, HasSubstr("images/failed.txt."));
  EXPECT_THAT(text, Not(HasSubstr("--retry_failed")));
}

TEST(SummaryText, ACauseThatDominatesIsNamedBehindTheReasons) {
  Summary summary = finished(40, 2);
  summary.failed = 38;
  summary.failures = {{.status = ErrorCode::rate_limited, .http_status = 429, .count = 38}};
  summary.diagnosis = {"a.test asks to slow down"};
  const std::string text = summary_text(summary, one_list());
  EXPECT_THAT(text, HasSubstr("(HTTP 429)"));
  EXPECT_THAT(text, HasSubstr("\nLikely: a.test asks to slow down.\n"));
  EXPECT_THAT(text, Not(HasSubstr("--host_interval")));  // said in the diagnosis's own words
}

TEST(SummaryText, ABadLineShowsItsRemedy) {
  Summary summary = finished(3, 2);
  summary.failures = {{.status = ErrorCode::bad_url,
                       .detail = "'www.x.org/a.jpg' lacks http:// or https://",
                       .count = 1,
                       .first_input = "urls.txt",
                       .first_line = 3}};
  EXPECT_THAT(summary_text(summary, one_list()),
              HasSubstr("1 not a URL; line 3: 'www.x.org/a.jpg' lacks http:// or https://."));
}

TEST(SummaryText, ManyReasonsBecomeATableWithHosts) {
  Summary summary = finished(100'000, 60'000);
  for (ErrorCode code : {ErrorCode::dns_not_found, ErrorCode::connect_timeout,
                         ErrorCode::tls_certificate, ErrorCode::not_image}) {
    summary.failures.push_back({.status = code,
                                .count = 10'000,
                                .hosts = {"a.org", "b.org", "c.org"},
                                .host_count = 500,
                                .first_input = "urls.txt",
                                .first_line = 4});
  }
  const std::string text = summary_text(summary, one_list());
  EXPECT_THAT(text, HasSubstr("40 000 failed:\n     10 000  unknown host name"));
  EXPECT_THAT(text, HasSubstr("first line 4  (a.org, b.org, c.org and 497 more)\n"));
}

TEST(SummaryText, RefusalsAreNoFailures) {
  Summary summary = finished(10, 9);
  summary.failed = 0;
  summary.refused = 1;
  summary.failures = {{.status = ErrorCode::opt_out,
                       .count = 1,
                       .hosts = {"a.org"},
                       .host_count = 1,
                       .first_line = 2}};
  EXPECT_THAT(summary_text(summary, one_list()),
              HasSubstr("1 refused by policy or filter: 1 owner opts out of such use"));
  EXPECT_EQ(exit_code(summary, one_list()), 0);
}

TEST(SummaryText, MaxRowsExtrapolatesToTheWholeList) {
  Summary summary = finished(1000, 1000);
  summary.stopped = Stopped::max_rows;
  summary.estimated_rows = 2'000'000;
  summary.estimated_bytes = 24'800'000'000;
  summary.estimated_seconds = 3800;
  EXPECT_THAT(
      summary_text(summary, one_list()),
      HasSubstr("The whole list has about 2 000 000 rows and would take 24.8 GB and 1 h 3 min"));
}

TEST(SummaryText, DummyOutputClaimsNoFiles) {
  Options options = one_list();
  options.output_format = OutputFormat::dummy;
  EXPECT_THAT(summary_text(finished(4, 4), options),
              HasSubstr("4 of 4 images received, none kept"));
}

TEST(SummaryText, PrivateAddressesNameTheOption) {
  Summary summary = finished(1, 0);
  summary.failures = {
      {.status = ErrorCode::address_denied, .count = 1, .first_url = "http://127.0.0.1/a.jpg"}};
  EXPECT_THAT(summary_text(summary, one_list()), HasSubstr("--allow_net 127.0.0.0/8"));
  EXPECT_THAT(summary_text(summary, one_list()), HasSubstr("; http://127.0.0.1/a.jpg."));
}

TEST(ExitCode, FollowsTheTable) {
  const Options options = one_list();
  EXPECT_EQ(exit_code(finished(4, 4), options), 0);
  EXPECT_EQ(exit_code(finished(4, 3), options), 1);
  Options lenient = options;
  lenient.fail_ratio = 0.25;
  EXPECT_EQ(exit_code(finished(4, 3), lenient), 0);
  EXPECT_EQ(exit_code(finished(4, 2), lenient), 1);
  Summary down = finished(4, 0);
  down.network_down = true;
  EXPECT_EQ(exit_code(down, options), 5);
  Summary stopped = finished(4, 4);
  stopped.stopped = Stopped::max_bytes;
  EXPECT_EQ(exit_code(stopped, options), 6);
  stopped.stopped = Stopped::interrupted;
  EXPECT_EQ(exit_code(stopped, options), 7);
}

TEST(ExitCode, OfErrorsFollowsTheTable) {
  const std::pair<ErrorCode, int> cases[] = {
      {ErrorCode::bad_option, 2},        {ErrorCode::input_unreadable, 3},
      {ErrorCode::output_unwritable, 4}, {ErrorCode::disk_full, 4},
      {ErrorCode::other_input, 4},       {ErrorCode::output_busy, 8},
      {ErrorCode::state_damaged, 4},     {ErrorCode::internal, 70},
  };
  for (const auto& [code, expected] : cases)
    EXPECT_EQ(exit_code(Error{.code = code}), expected) << name(code);
}

TEST(PlanText, EveryLineIsLabelled) {
  const std::string text = plan_text({.rows = 12'345,
                                      .hosts = 1,
                                      .bad_rows = 1,
                                      .first_bad = {"line 3: 'x' lacks http://"},
                                      .top_hosts = {"a.org 12344"}});
  EXPECT_EQ(text,
            "dry-run: 12 345 rows on 1 host, 1 row that cannot be fetched\ndry-run: line 3: 'x' "
            "lacks http://\n"
            "dry-run: host a.org 12344\ndry-run: nothing was requested or written\n");
}

TEST(Numbers, AreShownAsPeopleReadThem) {
  EXPECT_EQ(bytes_words(0), "0 B");
  EXPECT_EQ(bytes_words(999), "999 B");
  EXPECT_EQ(bytes_words(999'960), "1.0 MB");
  EXPECT_EQ(bytes_words(12'400'000), "12.4 MB");
  EXPECT_EQ(duration_words(0.349), "0.35 s");
  EXPECT_EQ(duration_words(1.9), "1.9 s");
  EXPECT_EQ(duration_words(9.97), "10 s");
  EXPECT_EQ(duration_words(59.7), "1 min 0 s");
  EXPECT_EQ(duration_words(250), "4 min 10 s");
  EXPECT_EQ(duration_words(7500), "2 h 5 min");
  EXPECT_EQ(duration_words(200'000), "2 d 7 h");
  EXPECT_EQ(count_words(1234), "1234");
  EXPECT_EQ(count_words(12'345'678), "12 345 678");
  EXPECT_EQ(count_words(123'456), "123 456");
}

}  // namespace
}  // namespace pixhaul::cli
