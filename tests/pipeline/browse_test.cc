#include "pixhaul/browse.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pixhaul/download.h"
#include "support/origin.h"
#include "support/temp_folder.h"

namespace pixhaul {
namespace {

constexpr int kRows = 23;

/// 23 rows in shards of 5: every fourth is wide, every seventh a 404, the host's name goes to and
/// fro.
class Browse : public ::testing::TestWithParam<OutputFormat> {
 protected:
  void SetUp() override {
    ASSERT_EQ(setenv("PIXHAUL_ARROW_MODULE", PIXHAUL_TEST_ARROW_MODULE, 1), 0);
    std::string list = "url\tcaption\n";
    for (int i = 0; i < kRows; ++i) {
      const std::string path = i % 7 == 6   ? "/status/404"
                               : i % 4 == 0 ? fmt::format("/img/400/100/{}.jpg", i)
                                            : fmt::format("/img/40/40/{}.jpg", i);
      const std::string_view host = i % 2 == 0 ? "127.0.0.1" : "localhost";
      list += fmt::format("http://{}:{}{}\tpicture <{}>\n", host, origin_->port(), path, i);
    }
    options_.url_list = {folder_.write("list.tsv", list)};
    options_.caption_col = "caption";
    options_.output_folder = folder_.file("out");
    options_.output_format = GetParam();
    options_.number_sample_per_shard = 5;
    options_.allow_net = {"127.0.0.0/8", "::1/128"};
    options_.retries = 0;
  }

  std::unique_ptr<Browser> browse_after_download() {
    Observer nobody;
    const auto summary = download(options_, nobody);
    EXPECT_TRUE(summary) << summary.error().detail;
    auto browser = browse(options_.output_folder);
    EXPECT_TRUE(browser) << browser.error().detail;
    return std::move(*browser);
  }

  static std::vector<std::string> all_keys(Browser& browser, const BrowseFilter& filter,
                                           std::size_t at_once) {
    std::vector<std::string> keys;
    for (std::string from;;) {
      const auto page = browser.page(filter, from, at_once);
      EXPECT_TRUE(page) << page.error().detail;
      EXPECT_LE(page->rows.size(), at_once);
      for (const BrowseRow& row : page->rows) keys.push_back(row.row.key);
      if (!page->next) return keys;
      from = *page->next;
    }
  }

  const testing::TempFolder folder_;
  const std::unique_ptr<testing::Origin> origin_ = testing::make_origin();
  Options options_;
};

TEST_P(Browse, EveryRowComesOnceAndNewestFirstHoweverManyAtOnce) {
  const auto browser = browse_after_download();
  std::vector<std::string> expected;
  for (int i = kRows; i-- > 0;) expected.push_back(fmt::format("{:05}{}", i / 5, i % 5));
  for (const std::size_t at_once : {1u, 4u, 5u, 23u, 100u})
    EXPECT_EQ(all_keys(*browser, {}, at_once), expected) << at_once;
}

TEST_P(Browse, FiltersAreTakenTogether) {
  const auto browser = browse_after_download();
  EXPECT_EQ(all_keys(*browser, {.failures_only = true}, 60).size(), 3u);
  EXPECT_EQ(all_keys(*browser, {.status = ErrorCode::http_4xx}, 60).size(), 3u);
  EXPECT_EQ(all_keys(*browser, {.status = ErrorCode::truncated}, 60).size(), 0u);
  EXPECT_EQ(all_keys(*browser, {.host = "localhost"}, 60).size(), 11u);
  EXPECT_EQ(all_keys(*browser, {.host = "calhost"}, 60).size(), 0u) << "a name, not its end";
  EXPECT_EQ(all_keys(*browser, {.min_side = 400}, 60).size(), 5u);
  EXPECT_EQ(all_keys(*browser, {.failures_only = true, .host = "localhost"}, 60).size(), 1u);
  EXPECT_EQ(all_keys(*browser, {.min_bytes = 1, .max_bytes = 100'000'000}, 60).size(), 20u);
}

TEST_P(Browse, ARowIsFoundByItsPlaceWithItsCaption) {
  const auto browser = browse_after_download();
  const auto page = browser->page({}, "", 60);
  ASSERT_TRUE(page);
  for (const BrowseRow& shown : page->rows) {
    const auto row = browser->row(shown.place);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->row.key, shown.row.key);
    const int number = (shown.row.key[4] - '0') * 5 + shown.row.key[5] - '0';
    EXPECT_EQ(row->caption, GetParam() == OutputFormat::files
                                ? std::string()
                                : fmt::format("picture <{}>", number));
    EXPECT_EQ(row->has_image, number % 7 != 6);
  }
}

TEST_P(Browse, AThumbnailIsThePictureOfItsRowEncodedAnew) {
  const auto browser = browse_after_download();
  const auto page = browser->page({}, "", 60);
  ASSERT_TRUE(page);
  for (const BrowseRow& shown : page->rows) {
    const auto webp = browser->thumbnail(shown.place, 100);
    if (!shown.has_image) {
      ASSERT_FALSE(webp);
      EXPECT_EQ(webp.error().code, ErrorCode::bad_option);
      continue;
    }
    ASSERT_TRUE(webp) << webp.error().detail;
    // RFC 9649 §2.5: a simple lossy file; width and height at bytes 26 and 28, 14 bits each.
    ASSERT_EQ(webp->substr(8, 8), "WEBPVP8 ");
    const auto side = [&](std::size_t at) {
      return static_cast<unsigned char>((*webp)[at]) |
             (static_cast<unsigned char>((*webp)[at + 1]) & 0x3f) << 8;
    };
    EXPECT_EQ(side(26), shown.row.outcome.width == 400 ? 100 : 40);
    EXPECT_EQ(side(28), shown.row.outcome.width == 400 ? 25 : 40);
  }
}

TEST_P(Browse, PlacesThatAreNoneAreRefused) {
  const auto browser = browse_after_download();
  for (const std::string_view place : {"", "0", "0.", ".0", "0.5", "99.0", "0.0.0", "-1.0", "0.-1",
                                       "0.0 ", "a.b", "99999999999999999999.0"}) {
    const auto row = browser->row(place);
    const auto webp = browser->thumbnail(place, 64);
    ASSERT_FALSE(row || webp) << place;
    EXPECT_EQ(row.error().code, ErrorCode::bad_option) << place;
    EXPECT_EQ(webp.error().code, ErrorCode::bad_option) << place;
  }
  EXPECT_FALSE(browser->page({}, "nonsense", 10));
}

TEST_P(Browse, RowsOfShardsThatAreOpenAreShownWithTheirPictures) {
  options_.max_rows = 8;
  const auto browser = browse_after_download();
  const auto page = browser->page({}, "", 60);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 8u);
  for (const BrowseRow& row : page->rows) {
    EXPECT_EQ(row.has_image, row.row.outcome.status == ErrorCode::success);
    if (row.has_image) {
      EXPECT_TRUE(browser->thumbnail(row.place, 64));
    }
  }
}

TEST_P(Browse, AShardThatGrowsIsReadAnew) {
  options_.max_rows = 8;
  const auto browser = browse_after_download();
  EXPECT_EQ(all_keys(*browser, {}, 60).size(), 8u);
  options_.max_rows.reset();
  const auto again = browse_after_download();
  EXPECT_EQ(all_keys(*again, {}, 60).size(), 23u);
}

std::string style_name(const ::testing::TestParamInfo<OutputFormat>& style) {
  constexpr std::string_view kNames[] = {"files", "webdataset", "parquet", "tfrecord"};
  return std::string(kNames[static_cast<std::size_t>(style.param)]);
}

INSTANTIATE_TEST_SUITE_P(EveryFormat, Browse,
                         ::testing::Values(OutputFormat::files, OutputFormat::webdataset,
                                           OutputFormat::parquet, OutputFormat::tfrecord),
                         style_name);

TEST(BrowseFolder, OneThatIsNotThereIsAnError) {
  const auto browser = browse("/no/such/folder");
  ASSERT_FALSE(browser);
  EXPECT_EQ(browser.error().code, ErrorCode::input_unreadable);
}

}  // namespace
}  // namespace pixhaul
