#include "cli/report_command.h"

#include <fmt/core.h>

#include "base/named_file.h"
#include "cli/compare_command.h"
#include "pixhaul/report.h"

namespace pixhaul::cli {

namespace {

constexpr int kUnwritable = 4;

// "-" is standard output.
std::string target_of(const Invocation& invocation) {
  if (invocation.origins.contains("output_folder")) return invocation.options.output_folder;
  if (invocation.report_format != ReportFormat::html) return "-";
  std::string folder = invocation.words.front();
  if (!folder.ends_with('/')) folder += '/';
  return folder + "report.html";
}

int print(const Console& console, const std::string& text) {
  std::fputs(text.c_str(), console.out);
  return std::fflush(console.out) == 0 ? 0 : kUnwritable;
}

}  // namespace

int run_report(const Invocation& invocation, const Console& console) {
  if (invocation.words.size() != 1) {
    return report(console, {.code = ErrorCode::bad_option,
                            .detail = "`pixhaul report` takes one output folder"});
  }
  const Result<std::string> text =
      pixhaul::report(invocation.words.front(), invocation.report_format);
  if (!text) return report(console, text.error());
  const std::string target = target_of(invocation);
  if (target == "-") return print(console, *text);
  if (auto written = replace_text(target, *text); !written) return report(console, written.error());
  return print(console, target + "\n");
}

}  // namespace pixhaul::cli
