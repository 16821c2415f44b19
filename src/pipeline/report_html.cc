// The report as one page: no script, no request, nothing from elsewhere; its policy says so to the
// browser. Texts of strangers are escaped, their pictures encoded anew.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/numbers.h"
#include "pipeline/report_sections.h"
#include "pixhaul/version.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
)";

constexpr std::string_view kStyle = R"(<style>
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a; --paper: #fff; --card: #f6f8fa; --line: #d8dee4; --good: #1a7f37; --bad: #cf222e; --bar: #b6d4fe; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9aa5b1; --paper: #0f1318; --card: #171c23; --line: #2d343d; --good: #3fb950; --bad: #f85149; --bar: #1f4170; } }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
.quiet, footer { color: var(--quiet); } footer { margin-top: 3rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.figures div { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.figures b { display: block; font-size: 1.45rem; font-variant-numeric: tabular-nums; } .figures .bad b { color: var(--bad); } .figures .good b { color: var(--good); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; min-width: 3rem; }
th { color: var(--quiet); font-weight: 600; overflow-wrap: normal; } td:first-child { overflow-wrap: normal; } .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { background-image: linear-gradient(var(--bar), var(--bar)); background-repeat: no-repeat; background-position: left center; }
svg { display: block; width: 100%; height: 9rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; } .came { fill: var(--good); } .lost { fill: var(--bad); }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .7rem; padding: 0; list-style: none; }
.pictures img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: .5rem; background: var(--card); display: block; }
.pictures span { font-size: .8rem; color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; display: block; }
@media print { body { max-width: none; } h2 { break-after: avoid; } }
</style>
)";

std::string inert(std::string_view text) {
  std::string printable;
  append_printable(printable, text);
  std::string result;
  for (const char c : printable) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

void append_figure(std::string& page, std::string_view kind, const std::string& value,
                   std::string_view name) {
  page += fmt::format("<div class=\"{}\"><b>{}</b>{}</div>\n", kind, inert(value), name);
}

void append_figures(std::string& page, const ReportFacts& facts) {
  const std::uint64_t failed = facts.tally.failed();
  page += "<div class=\"figures\">\n";
  append_figure(page, "good", count_words(facts.status.images), "images");
  append_figure(page, failed > 0 ? "bad" : "", count_words(failed), "failed");
  append_figure(page, "", count_words(facts.tally.refused()), "refused by policy or filter");
  append_figure(page, "", bytes_words(static_cast<double>(facts.bytes.sum())), "of images");
  append_figure(page, "", count_words(facts.hosts.size()), "hosts");
  if (facts.ended > facts.started)
    append_figure(page, "", duration_words(facts.ended - facts.started), "first to last shard");
  page += "</div>\n";
}

// A column for each stretch of time: what came, and above it what failed.
void append_course(std::string& page, const Course& course) {
  const auto stretches = course.all();
  std::uint64_t most = 1;
  for (const Course::Stretch& stretch : stretches)
    most = std::max(most, stretch.images + stretch.failed);
  const double scale = 96.0 / static_cast<double>(most);
  page += fmt::format(
      "<svg viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"Rows over time: what came, and above it what failed\">\n",
      stretches.size());
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const double came = static_cast<double>(stretches[i].images) * scale;
    const double lost = static_cast<double>(stretches[i].failed) * scale;
    if (came > 0)
      page += fmt::format(
          "<rect class=\"came\" x=\"{}.1\" y=\"{:.2f}\" width=\".8\" height=\"{:.2f}\"/>", i,
          100 - came, came);
    if (lost > 0)
      page += fmt::format(
          "<rect class=\"lost\" x=\"{}.1\" y=\"{:.2f}\" width=\".8\" height=\"{:.2f}\"/>", i,
          100 - came - lost, lost);
  }
  page += "\n</svg>\n";
}

void append_table(std::string& page, const ReportSection& section) {
  page += "<div class=\"scroll\"><table>\n";
  const bool has_names = std::ranges::any_of(
      section.columns, [](const ReportColumn& column) { return !column.name.empty(); });
  if (has_names) {
    page += "<tr>";
    for (const ReportColumn& column : section.columns)
      page +=
          fmt::format("<th{}>{}</th>", column.is_number ? " class=\"n\"" : "", inert(column.name));
    page += "</tr>\n";
  }
  for (const ReportLine& line : section.lines) {
    page += "<tr>";
    for (std::size_t i = 0; i < line.cells.size(); ++i) {
      const bool has_bar = i == 0 && line.share.has_value();
      const std::string bar =
          has_bar ? fmt::format(" class=\"bar\" style=\"background-size:{:.1f}% 70%\"",
                                *line.share * 100)
                  : std::string(section.columns[i].is_number && has_names ? " class=\"n\"" : "");
      page += fmt::format("<td{}>{}</td>", bar, inert(line.cells[i]));
    }
    page += "</tr>\n";
  }
  page += "</table></div>\n";
}

void append_pictures(std::string& page, const std::vector<SamplePicture>& pictures) {
  page +=
      "<h2 id=\"pictures\">Pictures</h2>\n<p class=\"quiet\">Drawn by their keys, the same at "
      "every look; encoded anew.</p>\n<ul class=\"pictures\">\n";
  for (const SamplePicture& picture : pictures) {
    page += fmt::format(
        "<li><img alt=\"Row {0}\" src=\"data:image/webp;base64,{1}\">"
        "<span title=\"{2}\">{0} {2}</span></li>\n",
        inert(picture.key), base64(picture.webp), inert(picture.url));
  }
  page += "</ul>\n";
}

}  // namespace

std::string report_html(const ReportFacts& facts) {
  std::string page(kHead);
  page += fmt::format("<title>{} · pixhaul</title>\n", inert(facts.folder));
  page += kStyle;
  page += fmt::format("<body>\n<h1>{}</h1>\n<p class=\"quiet\">{}.</p>\n", inert(facts.folder),
                      inert(report_headline(facts)));
  append_figures(page, facts);
  for (const ReportSection& section : report_sections(facts)) {
    page += fmt::format("<h2 id=\"{}\">{}</h2>\n", section.name, inert(section.title));
    if (!section.words.empty()) page += fmt::format("<p>{}</p>\n", inert(section.words));
    if (section.name == "course") append_course(page, facts.course);
    if (!section.lines.empty()) append_table(page, section);
  }
  if (!facts.pictures.empty()) append_pictures(page, facts.pictures);
  return page + fmt::format("<footer>pixhaul {}</footer>\n</body>\n</html>\n", version());
}

}  // namespace pixhaul::pipeline
