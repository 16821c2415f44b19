#include "cli/doctor_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "cli/compare_command.h"
#include "cli/help.h"

namespace pixhaul::cli {

namespace {

constexpr int kToChange = 1;
constexpr std::size_t kIndent = 22;  // where the third column begins

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::notice:
      return "note";
    case Verdict::bad:
      return "change";
  }
  return "";
}

// Names of servers and folders come from outside: what is not printable is escaped.
std::string column(std::string_view text, std::size_t columns) {
  std::string printable;
  append_printable(printable, text);
  return wrapped(printable, kIndent, columns);
}

}  // namespace

std::string findings_text(std::span<const Finding> findings, std::size_t columns) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<8}{:<14}", verdict_word(finding.verdict), finding.subject);
    text += column(finding.found, columns).substr(kIndent);
    if (!finding.advice.empty()) text += column("-> " + finding.advice, columns);
  }
  const auto count = std::ranges::count(findings, Verdict::bad, &Finding::verdict);
  if (count == 0) return text + "nothing has to be changed\n";
  return text + fmt::format("{} thing{} to change\n", count, count == 1 ? "" : "s");
}

int run_doctor(const Invocation& invocation, const Console& console) {
  if (invocation.words.size() > 1) {
    return report(console, {.code = ErrorCode::bad_option,
                            .detail = "`pixhaul doctor` takes one output folder at most"});
  }
  Options options = invocation.options;
  if (!invocation.words.empty()) options.output_folder = invocation.words.front();
  const Result<std::vector<Finding>> found = examine(options);
  if (!found) return report(console, found.error());
  std::fputs(findings_text(*found, console.error.columns).c_str(), console.out);
  if (std::fflush(console.out) != 0) return 4;
  const bool is_bad = std::ranges::find(*found, Verdict::bad, &Finding::verdict) != found->end();
  return is_bad ? kToChange : 0;
}

}  // namespace pixhaul::cli
