#include "cli/compare_table.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pixhaul::cli {
namespace {

using testing::DoubleEq;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;

CompareCell cell(ConnectionMode connection, BodyMode body, std::vector<double> seconds) {
  return {.connection = connection,
          .body = body,
          .images = 20,
          .seconds = std::move(seconds),
          .cpu_seconds = {0.01, 0.02, 0.03},
          .connections_opened = 20,
          .bytes = 6'000'000};
}

Comparison three_rounds() {
  Comparison comparison{.rounds = 3};
  comparison.ours.cells = {
      cell(ConnectionMode::fresh, BodyMode::buffer, {0.4, 0.4, 0.4}),
      cell(ConnectionMode::fresh, BodyMode::stream, {0.3, 0.3, 0.3}),
      cell(ConnectionMode::reuse, BodyMode::buffer, {0.2, 0.11, 0.12}),
      cell(ConnectionMode::reuse, BodyMode::stream, {0.2, 0.10, 0.14}),
  };
  return comparison;
}

TEST(RoundFigures, TheColdRoundStaysOutOfTheMedian) {
  const RoundFigures figures = round_figures({9, 1, 2, 4});
  EXPECT_DOUBLE_EQ(figures.cold, 9);
  EXPECT_THAT(figures.warm, Optional(DoubleEq(2)));
  EXPECT_DOUBLE_EQ(figures.least, 1);
  EXPECT_DOUBLE_EQ(figures.most, 4);
  EXPECT_THAT(round_figures({9, 1, 2}).warm, Optional(DoubleEq(1.5)));
}

TEST(RoundFigures, OneRoundHasNoWarmFigure) {
  EXPECT_EQ(round_figures({9}).warm, std::nullopt);
  EXPECT_DOUBLE_EQ(round_figures({9}).least, 9);
  EXPECT_EQ(round_figures({}).warm, std::nullopt);
}

TEST(CompareTable, StandsInThePublishedOrderWithThePublishedSeconds) {
  const std::string table = comparison_table(three_rounds());
  std::size_t at = 0;
  for (const char* words : {"reuse · stream (requests: Session, r.raw)", "0.2751",
                            "reuse · buffer (requests: Session, r.content)", "0.2750",
                            "fresh · stream (requests: no Session, r.raw)", "1.5932",
                            "fresh · buffer (requests: no Session, r.content)", "0.8409"}) {
    const std::size_t found = table.find(words, at);
    ASSERT_NE(found, table.npos) << words << "\n" << table;
    at = found;
  }
  EXPECT_THAT(table,
              HasSubstr("0.2000    0.1200      0.1000-0.1400           20     2.0 MB   20.0 ms\n"));
  EXPECT_THAT(table, HasSubstr("Cold is a session's first round"));
}

TEST(CompareTable, ColumnsOfARowStandUnderTheirHeads) {
  const std::string table = comparison_table(three_rounds());
  const auto shown_column = [&](const std::string& line, std::string_view words) {
    const std::string before = line.substr(0, line.find(words));
    return before.size() -
           static_cast<std::size_t>(std::count(before.begin(), before.end(), '\xc2'));
  };
  const std::size_t row = table.find("reuse · stream");
  const std::string first = table.substr(row, table.find('\n', row) - row);
  const std::string head = table.substr(0, table.find('\n'));
  EXPECT_EQ(shown_column(head, "published") + 3, shown_column(first, "0.2751"));
}

TEST(CompareTable, ExtraRowsHaveNoPublishedFigure) {
  Comparison comparison = three_rounds();
  comparison.ours.cells.push_back({.connection = ConnectionMode::reuse,
                                   .body = BodyMode::stream,
                                   .http2 = true,
                                   .images = 20,
                                   .seconds = {0.3, 0.2}});
  comparison.requests = {cell(ConnectionMode::reuse, BodyMode::stream, {0.5, 0.45, 0.44})};
  comparison.ours.cells[0].failed = 3;
  const std::string table = comparison_table(comparison);
  EXPECT_THAT(table, HasSubstr("reuse · stream · HTTP/2 (requests has none)"));
  EXPECT_THAT(table, HasSubstr("  requests Session, r.raw"));
  EXPECT_THAT(table, HasSubstr("3 failed"));
  EXPECT_EQ(published_seconds(comparison.ours.cells.back()), std::nullopt);
  EXPECT_EQ(published_seconds({.images = 30}), std::nullopt);
}

TEST(CompareJson, HoldsEveryRound) {
  Comparison comparison = three_rounds();
  comparison.requests = {cell(ConnectionMode::reuse, BodyMode::stream, {0.5, 0.45, 0.44})};
  const auto json = nlohmann::json::parse(comparison_json(comparison));
  EXPECT_EQ(json["version"], 1);
  ASSERT_EQ(json["cells"].size(), 5u);
  EXPECT_EQ(json["cells"][3]["connection"], "reuse");
  EXPECT_EQ(json["cells"][3]["seconds"].size(), 3u);
  EXPECT_DOUBLE_EQ(json["cells"][3]["published_seconds"], 0.2751);
  EXPECT_EQ(json["cells"][4]["client"], "requests");
  EXPECT_FALSE(json["cells"][4].contains("connections_opened"));
}

TEST(CompareSvg, HasABarForEachSettingAndIsClosed) {
  Comparison comparison = three_rounds();
  const std::string svg = comparison_svg(comparison);
  EXPECT_TRUE(svg.starts_with("<svg xmlns="));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  std::size_t bars = 0;
  for (std::size_t at = svg.find("<rect x="); at != svg.npos; at = svg.find("<rect x=", at + 1))
    ++bars;
  EXPECT_EQ(bars, 4u);
  EXPECT_THAT(svg, HasSubstr("20 images at once"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(CompareSvg, OfNothingIsStillAPicture) {
  EXPECT_THAT(comparison_svg({}), Not(HasSubstr("nan")));
}

TEST(Announcement, CountsRequestsAndHosts) {
  const CompareOptions options;
  EXPECT_EQ(announcement({.requests = 1920, .hosts = 1}, options, false),
            "1920 requests to 1 host (4 settings, 20, 40 images at once, 8 rounds)\n");
  EXPECT_THAT(announcement({.requests = 1920, .hosts = 2}, options, true),
              HasSubstr("3840 requests to 2 hosts"));
}

}  // namespace
}  // namespace pixhaul::cli
