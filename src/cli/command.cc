// One function for each command, all of the same form: ask the library, print, return the exit
// code.
#include "cli/command.h"

#include <fmt/core.h>

#include "cli/allocator.h"
#include "cli/compare_command.h"
#include "cli/dashboard_command.h"
#include "cli/doctor_command.h"
#include "cli/folder_command.h"
#include "cli/help.h"
#include "cli/img2dataset_command.h"
#include "cli/progress.h"
#include "cli/report_command.h"
#include "cli/signals.h"
#include "cli/summary.h"
#include "pixhaul/option_table.h"
#include "pixhaul/version.h"

namespace pixhaul::cli {
namespace {

int print(const Console& console, const std::string& text) {
  std::fputs(text.c_str(), console.out);
  return std::fflush(console.out) == 0 ? 0 : 4;
}

int print(const Console& console, const Result<std::string>& text) {
  return text ? print(console, *text) : report(console, text.error());
}

int show_version(const Console& console) {
  std::string text = fmt::format("pixhaul {}\n", version());
  for (const std::string& engine : engine_versions()) text += fmt::format("  {}\n", engine);
  return print(console, text);
}

// A quiet run still gives the reason of a failure; only a success is silent.
bool wants_summary(const Options& options, int code) {
  return options.log_level != LogLevel::error || code != 0;
}

int run_download(const Invocation& invocation, const Console& console) {
  const Options& options = invocation.options;
  std::stop_source stop;
  Signals signals(stop);
  if (options.memory) bound_allocator(*options.memory);
  Progress progress(options.progress, options.log_level, console.error, signals.statistics_wanted(),
                    options.memory);
  const auto page = open_page(invocation, console);
  if (!page) return report(console, page.error());
  Observers observers(progress, page->get());
  const Result<Summary> summary = download(options, observers, stop.get_token());
  progress.finish();
  if (*page != nullptr) (*page)->finish();
  if (!summary) return report(console, summary.error());
  const int code = exit_code(*summary, options);
  if (wants_summary(options, code))
    std::fputs(summary_text(*summary, options).c_str(), console.error.stream);
  return code;
}

int run_plan(const Invocation& invocation, const Console& console) {
  const Result<Plan> planned = plan(invocation.options);
  return planned ? print(console, plan_text(*planned)) : report(console, planned.error());
}

Result<> check_invocation(const Invocation& invocation) {
  std::vector<std::string> given;
  for (const auto& [name, origin] : invocation.origins) {
    // A variable holds for every run of a shell; only what was typed for this one must matter to
    // it.
    if (origin == Origin::flag) given.push_back(name);
  }
  if (auto checked = check_options(invocation.options, given); !checked) return checked;
  if (!invocation.options.url_list.empty()) return {};
  return std::unexpected(
      Error{.code = ErrorCode::bad_option, .detail = "no list given; `pixhaul --help` shows how"});
}

int run_invocation(const Invocation& invocation, const Console& console) {
  const std::string word = invocation.words.empty() ? "" : invocation.words.front();
  if (invocation.help_topic)
    return print(console, help_text(*invocation.help_topic, console.error.columns));
  if (invocation.version) return show_version(console);
  if (invocation.print_config) return print(console, config_text(invocation));
  switch (invocation.command) {
    case Command::explain:
      return print(console, explain_text(word, console.error.columns));
    case Command::completion:
      return print(console, completion_script(word));
    case Command::docs:
      return print(console, docs_page(word));
    case Command::man:
      return print(console, man_page());
    case Command::status:
      return run_status(invocation, console);
    case Command::verify:
      return run_verify(invocation, console);
    case Command::dashboard:
      return run_dashboard(invocation, console);
    case Command::report:
      return run_report(invocation, console);
    case Command::doctor:
      return run_doctor(invocation, console);
    case Command::compare:
    case Command::download:
      break;
  }
  if (auto checked = check_invocation(invocation); !checked)
    return report(console, checked.error());
  if (invocation.command == Command::compare) return run_compare(invocation, console);
  return invocation.dry_run ? run_plan(invocation, console) : run_download(invocation, console);
}

int run_img2dataset(std::span<const std::string> arguments, const Environment& environment,
                    const Console& console) {
  const auto invocation = parse_img2dataset_command(arguments, environment);
  if (!invocation) return report(console, invocation.error());
  if (invocation->help_topic) return print(console, img2dataset_help(console.error.columns));
  return run_download(*invocation, console);
}

}  // namespace

int report(const Console& console, const Error& error) {
  const std::string text =
      fmt::format("pixhaul: {}\n",
                  error.detail.empty() ? std::string(short_meaning(error.code)) : error.detail);
  std::fputs(text.c_str(), console.error.stream);
  return exit_code(error);
}

Console standard_console(const Environment& environment) {
  return {.out = stdout, .error = standard_terminal(environment)};
}

int run_command(std::span<const std::string> arguments, const Environment& environment,
                const Console& console) {
  if (arguments.empty()) {
    std::fputs(help_text("", console.error.columns).value_or("").c_str(), console.error.stream);
    return 2;
  }
  if (arguments.front() == "img2dataset")
    return run_img2dataset(arguments.subspan(1), environment, console);
  const Result<Invocation> invocation = parse_command_line(arguments, environment);
  return invocation ? run_invocation(*invocation, console) : report(console, invocation.error());
}

}  // namespace pixhaul::cli
