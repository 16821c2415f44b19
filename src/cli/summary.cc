// The summary is read by people who did not read the manual: sentences first, a table only when
// there are many reasons, and after each bad end the command that helps.
#include "cli/summary.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/numbers.h"

namespace pixhaul::cli {
namespace {

// Up to this many reasons are read more easily in a sentence than in a table.
constexpr std::size_t kReasonsInSentence = 3;

struct HttpWords {
  std::uint16_t code;
  const char* words;
};
constexpr HttpWords kHttpWords[] = {
    {400, "refused as malformed"},
    {401, "login required"},
    {403, "forbidden"},
    {404, "gone"},
    {405, "refused"},
    {406, "not available in this form"},
    {408, "server timed out"},
    {410, "gone for good"},
    {429, "too many requests"},
    {451, "blocked for legal reasons"},
};

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count_words(count), noun, count == 1 ? "" : "s");
}

// Where the first row of a group stands: "line 17", "b.txt line 17", or the URL given as an
// argument.
std::string place(const FailureGroup& group, const Options& options) {
  if (group.first_line == 0) return group.first_url;
  const std::string_view first = group.count > 1 ? "first " : "";
  if (options.url_list.size() <= 1) return fmt::format("{}line {}", first, group.first_line);
  return fmt::format("{}{} line {}", first, group.first_input, group.first_line);
}

std::string host_words(const FailureGroup& group) {
  std::string words;
  for (const std::string& host : group.hosts)
    words += fmt::format("{}{}", words.empty() ? "" : ", ", host);
  if (group.host_count > group.hosts.size()) {
    words += fmt::format(" and {} more", count_words(group.host_count - group.hosts.size()));
  }
  return words;
}

std::string sentence_of_reasons(const Summary& summary, const Options& options) {
  std::string text;
  std::string places;
  for (const FailureGroup& group : summary.failures) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count_words(group.count),
                        failure_words(group.status, group.http_status));
    const std::string where = place(group, options);
    places += fmt::format("; {}", where);
    if (!group.detail.empty())
      places += fmt::format(": {}", group.detail);
    else if (!group.hosts.empty())
      places += fmt::format(" ({})", host_words(group));
  }
  return text + places + ".";
}

std::string table_of_reasons(const Summary& summary, const Options& options) {
  std::string text;
  for (const FailureGroup& group : summary.failures) {
    text += fmt::format("  {:>9}  {:<34} {}", count_words(group.count),
                        failure_words(group.status, group.http_status), place(group, options));
    if (!group.detail.empty()) text += fmt::format(": {}", group.detail);
    if (!group.hosts.empty()) text += fmt::format("  ({})", host_words(group));
    text += "\n";
  }
  return text;
}

std::string failures_text(const Summary& summary, const Options& options) {
  if (summary.failed == 0 && summary.refused == 0) return "\n";
  std::string head;
  if (summary.failed != 0) head = fmt::format(" {} failed", count_words(summary.failed));
  if (summary.refused != 0) {
    head += fmt::format("{} {} refused by policy or filter", head.empty() ? "" : ",",
                        count_words(summary.refused));
  }
  if (summary.failures.empty()) return head + ".\n";
  if (summary.failures.size() <= kReasonsInSentence)
    return fmt::format("{}: {}\n", head, sentence_of_reasons(summary, options));
  return fmt::format("{}:\n{}", head, table_of_reasons(summary, options));
}

// The lists as one would type them again.
std::string lists_words(const Options& options) {
  if (options.url_list.size() != 1) return "LIST...";
  const std::string& list = options.url_list.front();
  return list.find(' ') == list.npos ? list : fmt::format("'{}'", list);
}

std::string remedies(const Summary& summary, const Options& options) {
  std::string text;
  const auto is_group = [](ErrorCode code) {
    return [code](const FailureGroup& g) { return g.status == code; };
  };
  if (std::ranges::any_of(summary.failures, is_group(ErrorCode::address_denied)) &&
      options.allow_net.empty()) {
    text +=
        "Private addresses are not contacted; if you mean your own server, name its range: "
        "--allow_net 127.0.0.0/8.\n";
  }
  if (std::ranges::any_of(summary.failures, is_group(ErrorCode::rate_limited)) &&
      options.contact.empty() && summary.diagnosis.empty()) {
    text += "Servers asked to slow down; --host_interval 1s and --contact MAIL often help.\n";
  }
  if (summary.failed == 0 || summary.failed_list.empty()) return text;
  const std::string folder = options.output_folder == Options().output_folder
                                 ? ""
                                 : fmt::format(" -o {}", options.output_folder);
  text += fmt::format("The failed rows are in {}", summary.failed_list);
  if (!summary.failed_table.empty())
    text += fmt::format(", with all their columns in {}", summary.failed_table);
  text += ".";
  if (std::ranges::any_of(summary.failures, &FailureGroup::transient)) {
    text += fmt::format(" Try those again that may pass: pixhaul {}{} --retry_failed transient",
                        lists_words(options), folder);
  }
  text += "\n";
  if (!summary.failures.empty()) {
    text += fmt::format("More on a reason: pixhaul explain {}\n",
                        name(summary.failures.front().status));
  }
  return text;
}

std::string stopped_text(const Summary& summary) {
  switch (summary.stopped) {
    case Stopped::no:
      return "";
    case Stopped::interrupted:
      return "Interrupted; the same command continues.\n";
    case Stopped::max_rows:
      return "Stopped at --max_rows; the same command with a higher limit continues.\n";
    case Stopped::max_errors:
      return "Stopped at --max_errors; the same command with a higher limit continues.\n";
    case Stopped::max_bytes:
      return "Stopped at --max_bytes; the same command with a higher limit continues.\n";
    case Stopped::max_duration:
      return "Stopped at --max_duration; the same command continues.\n";
  }
  return "";
}

std::string estimate_text(const Summary& summary) {
  if (!summary.estimated_rows) return "";
  std::string text =
      fmt::format("The whole list has about {}", plural(*summary.estimated_rows, "row"));
  if (summary.estimated_bytes)
    text += fmt::format(" and would take {}",
                        bytes_words(static_cast<double>(*summary.estimated_bytes)));
  if (summary.estimated_seconds)
    text += fmt::format(" and {}", duration_words(*summary.estimated_seconds));
  return text + ", at what these rows took.\n";
}

}  // namespace

std::string failure_words(ErrorCode status, std::uint16_t http_status) {
  const std::string_view meaning = short_meaning(status);
  if (http_status < 300) return std::string(meaning);
  const auto* found = std::ranges::find(kHttpWords, http_status, &HttpWords::code);
  const bool by_code = status == ErrorCode::http_4xx && found != std::end(kHttpWords);
  return fmt::format("{} (HTTP {})", by_code ? std::string_view(found->words) : meaning,
                     http_status);
}

std::string summary_text(const Summary& summary, const Options& options) {
  std::string where = summary.output_folder;
  if (!where.empty() && !where.ends_with('/')) where += '/';
  const bool writes = options.output_format != OutputFormat::dummy;
  std::string text = fmt::format(
      "{} of {}{} ({}, {}).", count_words(summary.images), plural(summary.rows, "image"),
      writes ? fmt::format(" in {}", where) : " received, none kept",
      bytes_words(static_cast<double>(summary.image_bytes)), duration_words(summary.stats.seconds));
  if (summary.stats.rows_resumed != 0) {
    text += fmt::format(" {} of them were done before.", count_words(summary.stats.rows_resumed));
  }
  if (!summary.shards.empty()) text += fmt::format(" Shards: {}.", summary.shards);
  text += failures_text(summary, options);
  if (summary.network_down) {
    text +=
        "Nothing could be reached at all: the network, the name servers or the proxy are down. "
        "Nothing is lost; the "
        "same command with --retry_failed transient tries again.\n";
  }
  for (const std::string& sentence : summary.diagnosis)
    text += fmt::format("Likely: {}.\n", sentence);
  return text + stopped_text(summary) + estimate_text(summary) + remedies(summary, options);
}

int exit_code(const Summary& summary, const Options& options) {
  if (summary.stopped == Stopped::interrupted) return 7;
  if (summary.stopped != Stopped::no) return 6;
  if (summary.network_down) return 5;
  const bool within =
      static_cast<double>(summary.failed) <= options.fail_ratio * static_cast<double>(summary.rows);
  return within ? 0 : 1;
}

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::bad_option:
      return 2;
    case ErrorCode::input_unreadable:
      return 3;
    case ErrorCode::output_unwritable:
    case ErrorCode::disk_full:
    case ErrorCode::other_input:
    case ErrorCode::state_damaged:
      return 4;
    case ErrorCode::cancelled:
      return 7;
    case ErrorCode::output_busy:
      return 8;
    default:
      return 70;
  }
}

std::string plan_text(const Plan& plan) {
  std::string text =
      fmt::format("dry-run: {} on {}, {} that cannot be fetched\n", plural(plan.rows, "row"),
                  plural(plan.hosts, "host"), plural(plan.bad_rows, "row"));
  for (const std::string& bad : plan.first_bad) text += fmt::format("dry-run: {}\n", bad);
  for (const std::string& host : plan.top_hosts) text += fmt::format("dry-run: host {}\n", host);
  return text + "dry-run: nothing was requested or written\n";
}

}  // namespace pixhaul::cli
