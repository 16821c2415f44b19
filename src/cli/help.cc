// Help, configuration and explanations for the terminal, from the two flag tables and the status
// table.
#include "cli/help.h"

#include <fmt/core.h>

#include <algorithm>

#include "pixhaul/option_table.h"

namespace pixhaul::cli {
namespace {

constexpr std::string_view kUsage =
    "usage: pixhaul LIST... [options]        download the images of lists, or of URLs\n"
    "       pixhaul compare LIST [options]   the four settings against each other\n"
    "       pixhaul img2dataset LIST [...]   with img2dataset's parameters and output\n"
    "       pixhaul status OUT               how far a run is; exit 7 if not complete\n"
    "       pixhaul verify OUT [--deep]      is everything as it was recorded?\n"
    "       pixhaul dashboard OUT            a page that shows the folder\n"
    "       pixhaul report OUT               a page about what came and what failed\n"
    "       pixhaul doctor [OUT]             what on this machine would hold a run up\n"
    "       pixhaul explain [STATUS]         what a status means and what to do\n"
    "       pixhaul completion SHELL | man   for bash, zsh, fish; the manual page\n";

Error bad_option(std::string detail) {
  return {.code = ErrorCode::bad_option, .detail = std::move(detail)};
}

std::string flag_words(char short_flag, std::string_view name, std::string_view value) {
  std::string text = short_flag != 0 ? fmt::format("  -{}, ", short_flag) : "      ";
  text += fmt::format("--{}", name);
  if (!value.empty()) text += fmt::format(" {}", value);
  return text;
}

void add_lines(std::string& text, std::string_view words, std::string_view help,
               std::size_t columns) {
  constexpr std::size_t kIndent = 34;
  const std::string lines = wrapped(help, kIndent, columns);
  if (words.size() + 2 <= kIndent) {
    text += fmt::format("{:<34}", words) + lines.substr(kIndent);
  } else {
    text += fmt::format("{}\n", words) + lines;
  }
}

void add_option(std::string& text, const OptionInfo& option, std::size_t columns) {
  std::string help(option.help);
  if (!option.value.empty()) help += fmt::format(" [{}]", option_text(Options(), option.name));
  add_lines(text, flag_words(option.short_flag, option.name, option.value), help, columns);
}

void add_command_flags(std::string& text, std::size_t columns) {
  text += "\ncommand:\n";
  for (const CommandFlag& flag : command_flags()) {
    if (flag.help.empty()) continue;
    const std::string help =
        flag.compare_only ? fmt::format("(compare) {}", flag.help) : std::string(flag.help);
    add_lines(text, flag_words(flag.short_flag, flag.name, flag.value), help, columns);
  }
}

std::string all_groups() {
  std::string text;
  std::string_view last;
  for (const OptionInfo& option : option_table()) {
    if (option.group == last) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", option.group);
    last = option.group;
  }
  return text + ", command";
}

// The options that `shows` selects, under a heading for each group.
template <class Shows>
std::string grouped(std::size_t columns, Shows shows) {
  std::string text;
  std::string_view last;
  for (const OptionInfo& option : option_table()) {
    if (!shows(option)) continue;
    if (option.group != last) text += fmt::format("\n{}:\n", option.group);
    last = option.group;
    add_option(text, option, columns);
  }
  return text;
}

constexpr std::string_view kEnding =
    "\nDashes and underscores are the same. Every option is also an environment\n"
    "variable: PIXHAUL_HOST_CONCURRENCY=4.\n";

// A proxy's URL may hold a password, a header may be one.
std::string shown_value(const Options& options, std::string_view name) {
  if (name == "header") {
    std::string names;
    for (const std::string& header : options.header) {
      names += fmt::format("{}{}: (not shown)", names.empty() ? "" : ", ",
                           header.substr(0, header.find(':')));
    }
    return names.empty() ? "none" : names;
  }
  std::string text = option_text(options, name);
  const std::size_t at = text.rfind('@');
  const std::size_t scheme = text.find("://");
  if (name == "proxy" && at != text.npos) {
    const std::size_t begin = scheme == text.npos ? 0 : scheme + 3;
    if (begin < at) text.replace(begin, at - begin, "(not shown)");
  }
  return text;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  const std::size_t width = std::max<std::size_t>(columns > indent ? columns - indent : 0, 24);
  std::string result;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > width) {
      end = text.rfind(' ', width);
      if (end == text.npos || end == 0) end = std::min(text.find(' '), text.size());
    }
    result += std::string(indent, ' ') + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

Result<std::string> help_text(std::string_view topic, std::size_t columns) {
  std::string text(kUsage);
  if (topic.empty()) {
    text += grouped(columns, [](const OptionInfo& option) { return option.common; });
    return text + "\n" +
           wrapped(fmt::format("More: pixhaul --help all, or one of {}.", all_groups()), 0,
                   columns);
  }
  if (topic == "all") {
    text += grouped(columns, [](const OptionInfo&) { return true; });
    add_command_flags(text, columns);
    return text + std::string(kEnding);
  }
  if (topic == "command") {
    add_command_flags(text, columns);
    return text;
  }
  const std::string some =
      grouped(columns, [&](const OptionInfo& o) { return o.group == topic || o.name == topic; });
  if (!some.empty()) return some.substr(1);
  return std::unexpected(bad_option(fmt::format(
      "--help cannot show '{}': it takes all, an option, or one of {}", topic, all_groups())));
}

Result<std::string> explain_text(std::string_view status, std::size_t columns) {
  if (status.empty()) {
    std::string text;
    for (ErrorCode code : row_statuses())
      text += fmt::format("{:<20}{}\n", name(code), short_meaning(code));
    return text + "\n`pixhaul explain STATUS` says more of one.\n";
  }
  const auto code = parse_error_code(status);
  if (!code) return std::unexpected(bad_option(code.error()));
  return fmt::format("{}: {}\n\n{}", name(*code), short_meaning(*code),
                     wrapped(explanation(*code), 2, columns));
}

std::string config_text(const Invocation& invocation) {
  std::string text;
  for (const OptionInfo& option : option_table()) {
    const auto origin = invocation.origins.find(option.name);
    Origin from = origin == invocation.origins.end() ? Origin::standard : origin->second;
    if (option.name == "url_list" && from == Origin::standard &&
        !invocation.options.url_list.empty())
      from = Origin::flag;
    std::string value = shown_value(invocation.options, option.name);
    std::ranges::replace(value, '\n', ' ');
    text += fmt::format("{:<30} {:<24} {}\n", option.name, value, origin_name(from));
  }
  return text;
}

}  // namespace pixhaul::cli
