// What a folder holds, for people: figures to standard output, problems one a line.
#include "cli/folder_command.h"

#include <fmt/core.h>

#include "base/log.h"
#include "base/numbers.h"
#include "cli/compare_command.h"
#include "pixhaul/status.h"
#include "pixhaul/verify.h"

namespace pixhaul::cli {

namespace {

constexpr int kIncomplete = 7;
constexpr int kDamaged = 4;

int print(const Console& console, const std::string& text, int code) {
  std::fputs(text.c_str(), console.out);
  return std::fflush(console.out) == 0 ? code : kDamaged;
}

// The folder that was named; nothing else belongs to these commands.
Result<std::string> folder_of(const Invocation& invocation, std::string_view command) {
  if (invocation.words.size() == 1) return invocation.words.front();
  return std::unexpected(
      Error{.code = ErrorCode::bad_option,
            .detail = fmt::format("`pixhaul {}` takes one output folder", command)});
}

std::string rows_line(const FolderStatus& status) {
  std::string text = fmt::format("rows     {}", count_words(status.rows));
  if (status.rows_total) text += fmt::format(" of {}", count_words(*status.rows_total));
  if (status.rows_per_second) text += fmt::format(", {:.0f}/s", *status.rows_per_second);
  if (status.seconds_left) text += fmt::format(", {} left", duration_words(*status.seconds_left));
  return text + "\n";
}

std::string status_text(const FolderStatus& status) {
  std::string text = fmt::format("shards   {} done, {} open\n", count_words(status.shards_done),
                                 count_words(status.shards_open));
  text += rows_line(status);
  text += fmt::format("images   {} ({})\n", count_words(status.images),
                      bytes_words(static_cast<double>(status.image_bytes)));
  for (const ErrorCode code : row_statuses()) {
    const std::uint64_t count = status.by_status[static_cast<std::size_t>(code)];
    if (count > 0) text += fmt::format("  {:<20} {}\n", name(code), count_words(count));
  }
  if (status.rows_failed_elsewhere > 0) {
    text +=
        fmt::format("  {:<20} {}\n", "failed elsewhere", count_words(status.rows_failed_elsewhere));
  }
  text += status.is_complete ? "complete" : "not complete";
  if (!status.running.empty()) text += fmt::format("; {} works on it", status.running);
  return text + "\n";
}

std::string verify_text(const VerifyReport& report) {
  std::string text;
  for (const VerifyProblem& problem : report.problems) {
    append_printable(text, problem.path);
    append_printable(text.append(" "), problem.what);
    text += '\n';
  }
  if (report.problem_count > report.problems.size()) {
    text += fmt::format("and {} more\n", report.problem_count - report.problems.size());
  }
  text += fmt::format("{} shards, {} samples, {} files, {}: {}\n", count_words(report.shards_done),
                      count_words(report.samples), count_words(report.files),
                      bytes_words(static_cast<double>(report.bytes)),
                      report.problem_count > 0 ? fmt::format("{} problems", report.problem_count)
                      : report.is_complete     ? std::string("all as recorded, complete")
                                               : std::string("all as recorded, not complete"));
  return text;
}

}  // namespace

int run_status(const Invocation& invocation, const Console& console) {
  const Result<std::string> folder = folder_of(invocation, "status");
  if (!folder) return report(console, folder.error());
  const Result<FolderStatus> found = status(*folder);
  if (!found) return report(console, found.error());
  return print(console, status_text(*found), found->is_complete ? 0 : kIncomplete);
}

int run_verify(const Invocation& invocation, const Console& console) {
  const Result<std::string> folder = folder_of(invocation, "verify");
  if (!folder) return report(console, folder.error());
  const Result<VerifyReport> found =
      verify(*folder, invocation.deep ? VerifyDepth::deep : VerifyDepth::members);
  if (!found) return report(console, found.error());
  const int code = found->problem_count > 0 ? kDamaged : found->is_complete ? 0 : kIncomplete;
  return print(console, verify_text(*found), code);
}

}  // namespace pixhaul::cli
