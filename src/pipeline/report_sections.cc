// What a report says, once for the page and for the tables: titles, sentences and cells. One
// function a section, in the order in which they are read.
#include "pipeline/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/numbers.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::size_t kHostsShown = 20;
constexpr std::size_t kCopiesShown = 10;

std::string bytes_text(std::uint64_t bytes) { return bytes_words(static_cast<double>(bytes)); }

double part_of(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string percent(double share) {
  // What is not all is not shown as all, what is something not as nothing.
  if (share > 0 && share < 0.001) return "<0.1 %";
  if (share < 1 && share > 0.999) return "99.9 %";
  return share == 1 ? "100 %" : fmt::format("{:.1f} %", share * 100);
}

ReportLine counted(std::vector<std::string> cells, std::uint64_t part, std::uint64_t whole) {
  const double share = part_of(part, whole);
  cells.push_back(count_words(part));
  cells.push_back(percent(share));
  return {.cells = std::move(cells), .share = share};
}

double seconds_taken(const ReportFacts& facts) {
  return std::max(facts.ended - facts.started, 0.0);
}

ReportSection overview(const ReportFacts& facts) {
  const FolderStatus& status = facts.status;
  ReportSection section{.name = "overview", .title = "Overview", .columns = {{""}, {"", true}}};
  const auto line = [&](std::string name, std::string value) {
    section.lines.push_back({.cells = {std::move(name), std::move(value)}});
  };
  line("folder", facts.folder);
  line("state", status.is_complete ? "complete" : "not complete");
  line("rows", status.rows_total ? fmt::format("{} of {}", count_words(status.rows),
                                               count_words(*status.rows_total))
                                 : count_words(status.rows));
  line("images", fmt::format("{} ({})", count_words(status.images),
                             percent(part_of(status.images, status.rows))));
  line("bytes", bytes_text(facts.bytes.sum()));
  line("failed", count_words(facts.tally.failed()));
  line("refused by policy or filter", count_words(facts.tally.refused()));
  line("shards", fmt::format("{} done, {} open", count_words(status.shards_done),
                             count_words(status.shards_open)));
  if (facts.started > 0) line("begun", report_time(facts.started));
  if (facts.ended > 0) line("last shard", report_time(facts.ended));
  if (facts.retried > 0) line("took more than one attempt", count_words(facts.retried));
  if (facts.redirected > 0) line("came from another address", count_words(facts.redirected));
  if (facts.shards_elsewhere > 0) {
    section.words = fmt::format(
        "{} shards were made by another program: counted above, and looked into nowhere below.",
        count_words(facts.shards_elsewhere));
  }
  return section;
}

std::string first_of(const FailureGroup& group) {
  return group.first_line > 0
             ? fmt::format("{} line {}: {}", group.first_input, group.first_line, group.first_url)
             : group.first_url;
}

std::string hosts_of(const FailureGroup& group) {
  std::string hosts = fmt::format("{}", fmt::join(group.hosts, ", "));
  if (group.host_count > group.hosts.size())
    hosts += fmt::format(" and {} more", count_words(group.host_count - group.hosts.size()));
  return hosts;
}

ReportSection failures(const ReportFacts& facts) {
  ReportSection section{.name = "failures", .title = "What failed and why"};
  const std::uint64_t rows = facts.tally.rows();
  if (facts.tally.images() == rows) {
    section.words = rows > 0 ? "Nothing: every row has its image." : "No row has ended yet.";
    return section;
  }
  section.columns = {{"status"},      {"meaning"}, {"rows", true}, {"of all", true},
                     {"another try"}, {"hosts"},   {"reason"},     {"first"}};
  for (const FailureGroup& group : facts.tally.failures()) {
    std::string status(name(group.status));
    if (group.http_status > 0) status += fmt::format(", HTTP {}", group.http_status);
    const double share = part_of(group.count, rows);
    section.lines.push_back({.cells = {std::move(status), std::string(short_meaning(group.status)),
                                       count_words(group.count), percent(share),
                                       group.transient ? "may help" : "will not help",
                                       hosts_of(group), group.detail, first_of(group)},
                             .share = share});
  }
  section.words =
      "What each status means and what to do: pixhaul explain STATUS. Rows that another try may "
      "win: the same command with --retry_failed transient.";
  return section;
}

ReportSection course(const ReportFacts& facts) {
  ReportSection section{.name = "course", .title = "How it went"};
  if (facts.course.is_empty()) return section;
  const auto stretches = facts.course.all();
  const auto each = static_cast<double>(facts.course.seconds_each());
  std::uint64_t best = 0;
  std::uint64_t idle = 0;
  for (const Course::Stretch& stretch : stretches) {
    best = std::max(best, stretch.images);
    idle += stretch.images + stretch.failed == 0 ? 1 : 0;
  }
  section.words = fmt::format("From {}, in stretches of {}. At best {:.0f} images/s.",
                              report_time(static_cast<double>(facts.course.begin())),
                              duration_words(each), static_cast<double>(best) / each);
  if (const double seconds = seconds_taken(facts); seconds > 0) {
    section.words += fmt::format(" On average {:.0f} images/s and {}/s over {}.",
                                 static_cast<double>(facts.status.images) / seconds,
                                 bytes_words(static_cast<double>(facts.bytes.sum()) / seconds),
                                 duration_words(seconds));
  }
  if (idle > 0) section.words += fmt::format(" In {} of them nothing ended.", count_words(idle));
  return section;
}

ReportSection phases(const ReportFacts& facts) {
  ReportSection section{.name = "phases",
                        .title = "Where the time went",
                        .columns = {{"phase"},
                                    {"rows", true},
                                    {"median", true},
                                    {"90 %", true},
                                    {"99 %", true},
                                    {"slowest", true}}};
  const stats::Latencies* const one[] = {&facts.latencies};
  const LatencySnapshot latency = stats::merge(one);
  const std::pair<std::string_view, const LatencySummary*> all[] = {
      {"DNS", &latency.dns},
      {"connect", &latency.connect},
      {"TLS", &latency.tls},
      {"first byte", &latency.first_byte},
      {"all of an attempt", &latency.total}};
  const auto milliseconds = [](double value) { return fmt::format("{:.1f} ms", value); };
  for (const auto& [name, of] : all) {
    if (of->count == 0) continue;
    section.lines.push_back(
        {.cells = {std::string(name), count_words(of->count), milliseconds(of->p50_ms),
                   milliseconds(of->p90_ms), milliseconds(of->p99_ms), milliseconds(of->max_ms)}});
  }
  if (!facts.http_versions.empty()) section.words = "Of each row's last attempt. By protocol:";
  std::string_view before = " ";
  for (const auto& [version, rows] : facts.http_versions) {
    section.words += fmt::format("{}{} rows over HTTP/{}", before, count_words(rows), version);
    before = ", ";
  }
  if (!facts.http_versions.empty()) section.words += ".";
  return section;
}

ReportSection formats(const ReportFacts& facts) {
  ReportSection section{
      .name = "formats",
      .title = "Formats",
      .columns = {
          {"format"}, {"bytes", true}, {"on average", true}, {"images", true}, {"share", true}}};
  std::vector<std::pair<ImageFormat, FormatFacts>> sorted(facts.formats.begin(),
                                                          facts.formats.end());
  std::ranges::stable_sort(sorted, std::ranges::greater(),
                           [](const auto& entry) { return entry.second.images; });
  for (const auto& [format, of] : sorted) {
    const std::string_view type = media_type(format);
    section.lines.push_back(
        counted({type.empty() ? "not known" : std::string(type), bytes_text(of.bytes),
                 bytes_words(part_of(of.bytes, of.images))},
                of.images, facts.tally.images()));
  }
  return section;
}

template <std::size_t Count>
void add_classes(ReportSection& section, const std::array<ScaleClass, Count>& classes,
                 const std::array<std::uint64_t, Count>& counts) {
  std::uint64_t whole = 0;
  for (const std::uint64_t count : counts) whole += count;
  for (std::size_t i = 0; i < Count; ++i) {
    if (counts[i] > 0)
      section.lines.push_back(counted({std::string(classes[i].name)}, counts[i], whole));
  }
}

ReportSection sides(const ReportFacts& facts) {
  ReportSection section{.name = "sizes",
                        .title = "Sizes, by the longer side",
                        .columns = {{"as served"}, {"images", true}, {"share", true}}};
  add_classes(section, kSideClasses, facts.served_sides);
  if (facts.widths.count() == 0) return section;
  section.words =
      fmt::format("Median about {} × {}; from {} × {} to {} × {}.", facts.widths.quantile(0.5),
                  facts.heights.quantile(0.5), facts.widths.smallest(), facts.heights.smallest(),
                  facts.widths.largest(), facts.heights.largest());
  return section;
}

ReportSection kept_sides(const ReportFacts& facts) {
  ReportSection section{.name = "kept_sizes",
                        .title = "Sizes as they are kept",
                        .columns = {{"as kept"}, {"images", true}, {"share", true}}};
  if (facts.kept_sides != facts.served_sides) add_classes(section, kSideClasses, facts.kept_sides);
  return section;
}

ReportSection bodies(const ReportFacts& facts) {
  ReportSection section{.name = "bytes",
                        .title = "Sizes, in bytes",
                        .columns = {{"as served"}, {"images", true}, {"share", true}}};
  add_classes(section, kByteClasses, facts.body_sizes);
  if (facts.bytes.count() == 0) return section;
  section.words =
      fmt::format("Median about {}, 90 % under {}; from {} to {}.",
                  bytes_text(facts.bytes.quantile(0.5)), bytes_text(facts.bytes.quantile(0.9)),
                  bytes_text(facts.bytes.smallest()), bytes_text(facts.bytes.largest()));
  return section;
}

ReportSection aspects(const ReportFacts& facts) {
  ReportSection section{.name = "aspects",
                        .title = "Aspect ratios",
                        .columns = {{"width to height"}, {"images", true}, {"share", true}}};
  add_classes(section, kAspectClasses, facts.aspects);
  return section;
}

ReportLine host_line(std::string name, const HostFacts& host, std::uint64_t rows) {
  const std::string mean =
      host.timed > 0 ? fmt::format("{:.0f} ms", host.total_ms / static_cast<double>(host.timed))
                     : "";
  const double share = part_of(host.rows, rows);
  return {
      .cells = {std::move(name), count_words(host.rows), percent(share), count_words(host.images),
                count_words(host.failed), bytes_text(host.bytes), mean},
      .share = share};
}

ReportSection hosts(const ReportFacts& facts) {
  ReportSection section{.name = "hosts",
                        .title = "Hosts",
                        .columns = {{"host"},
                                    {"rows", true},
                                    {"of all", true},
                                    {"images", true},
                                    {"failed", true},
                                    {"bytes", true},
                                    {"time a row", true}}};
  const std::uint64_t rows = facts.tally.rows();
  const auto top = facts.hosts.top(kHostsShown);
  for (const HostFacts& host : top) section.lines.push_back(host_line(host.host, host, rows));
  if (facts.hosts.others().rows > 0)
    section.lines.push_back(host_line("hosts without a name here", facts.hosts.others(), rows));
  if (facts.hosts.size() > top.size())
    section.words = fmt::format("{}{} hosts; the {} with most rows.",
                                facts.hosts.others().rows > 0 ? "More than " : "",
                                count_words(facts.hosts.size()), top.size());
  return section;
}

ReportSection copies(const ReportFacts& facts) {
  const CopyCounter& counter = facts.copies;
  ReportSection section{.name = "copies", .title = "Copies"};
  if (facts.tally.images() == 0) return section;
  if (counter.pictures() == 0) {
    section.words = "No digests were recorded (--compute_hash none), so copies cannot be told.";
    return section;
  }
  const std::uint64_t count = counter.copies();
  if (count == 0) {
    section.words = "None: no two images have the same bytes.";
    return section;
  }
  section.words = fmt::format(
      "{}{} of {} images ({}) are byte for byte the copy of another, {} in all.",
      counter.is_estimate() ? "About " : "", count_words(count), count_words(counter.pictures()),
      percent(part_of(count, counter.pictures())), bytes_text(counter.copied_bytes()));
  section.columns = {{"digest begins with"}, {"first"}, {"times", true}, {"bytes of one", true}};
  for (const CopyCounter::Group& group : counter.top(kCopiesShown)) {
    section.lines.push_back(
        {.cells = {group.digest, group.first, count_words(group.count), bytes_text(group.bytes)}});
  }
  return section;
}

}  // namespace

std::string report_time(double seconds_since_1970) {
  const auto since = std::chrono::duration_cast<WallTime::duration>(
      std::chrono::duration<double>(seconds_since_1970));
  std::string text;
  append_rfc3339(text, WallTime(since));
  return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 5));
}

std::string report_headline(const ReportFacts& facts) {
  return fmt::format("{} of {} rows came, {}", count_words(facts.status.images),
                     count_words(facts.status.rows_total.value_or(facts.status.rows)),
                     bytes_text(facts.bytes.sum()));
}

std::vector<ReportSection> report_sections(const ReportFacts& facts) {
  std::vector<ReportSection> all = {overview(facts), failures(facts),   course(facts),
                                    phases(facts),   hosts(facts),      formats(facts),
                                    sides(facts),    kept_sides(facts), bodies(facts),
                                    aspects(facts),  copies(facts)};
  std::erase_if(all, [](const ReportSection& section) {
    return section.words.empty() && section.lines.empty();
  });
  return all;
}

}  // namespace pixhaul::pipeline
