#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/report_facts.h"

namespace pixhaul::pipeline {

struct ReportColumn {
  std::string name{};
  bool is_number = false;
};

struct ReportLine {
  std::vector<std::string> cells{};
  std::optional<double> share{};  ///< of a whole, 0 to 1: drawn as a bar
};

/// A heading with a sentence and a table, either of which may be missing. Texts of strangers are in
/// it as they came: who renders them escapes them.
struct ReportSection {
  std::string name{};  ///< in links: "failures"
  std::string title{};
  std::string words{};
  std::vector<ReportColumn> columns{};
  std::vector<ReportLine> lines{};
};

/// "images: 970 of 1 000 rows came": the report in a line.
[[nodiscard]] std::string report_headline(const ReportFacts& facts);
/// Everything that the page and the tables say, in order; what is empty is left out.
[[nodiscard]] std::vector<ReportSection> report_sections(const ReportFacts& facts);
/// "2026-11-24 08:53 UTC"
[[nodiscard]] std::string report_time(double seconds_since_1970);

[[nodiscard]] std::string report_html(const ReportFacts& facts);
[[nodiscard]] std::string report_markdown(const ReportFacts& facts);
[[nodiscard]] std::string report_json(const ReportFacts& facts);

}  // namespace pixhaul::pipeline
