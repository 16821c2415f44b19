// The report as Markdown tables. Every text may be a stranger's: what has a meaning in Markdown or
// HTML is escaped.
#include <fmt/format.h>

#include "base/log.h"
#include "pipeline/report_sections.h"
#include "pixhaul/version.h"

namespace pixhaul::pipeline {

namespace {

std::string inert(std::string_view text) {
  constexpr std::string_view kMarks = "\\`*[]<>#|!&";
  std::string printable;
  append_printable(printable, text);
  std::string result;
  for (const char c : printable) {
    if (kMarks.find(c) != kMarks.npos) result += '\\';
    result += c;
  }
  return result;
}

void append_line(std::string& text, const std::vector<std::string>& cells) {
  text += '|';
  for (const std::string& cell : cells) text += fmt::format(" {} |", inert(cell));
  text += '\n';
}

void append_table(std::string& text, const ReportSection& section) {
  std::vector<std::string> names;
  std::string rule = "|";
  for (const ReportColumn& column : section.columns) {
    names.push_back(column.name);
    rule += column.is_number ? " ---: |" : " --- |";
  }
  append_line(text, names);
  text += rule + '\n';
  for (const ReportLine& line : section.lines) append_line(text, line.cells);
}

}  // namespace

std::string report_markdown(const ReportFacts& facts) {
  std::string text =
      fmt::format("# {}\n\n{}.\n", inert(facts.folder), inert(report_headline(facts)));
  for (const ReportSection& section : report_sections(facts)) {
    text += fmt::format("\n## {}\n\n", section.title);
    if (!section.words.empty()) text += inert(section.words) + "\n";
    if (!section.words.empty() && !section.lines.empty()) text += '\n';
    if (!section.lines.empty()) append_table(text, section);
  }
  return text + fmt::format("\npixhaul {}\n", version());
}

}  // namespace pixhaul::pipeline
