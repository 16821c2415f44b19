// The written pages: manual, completions and the two reference pages of docs/, made from the tables
// so that they cannot disagree with the command.
#include <fmt/core.h>

#include <algorithm>

#include "cli/help.h"
#include "pixhaul/option_table.h"
#include "pixhaul/version.h"

namespace pixhaul::cli {
namespace {

Error bad_option(std::string detail) {
  return {.code = ErrorCode::bad_option, .detail = std::move(detail)};
}

// In man(7) a backslash starts an escape, and a dot or quote at the start of a line a request.
std::string roff(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
  return result;
}

void add_man_flag(std::string& page, char short_flag, std::string_view name, std::string_view value,
                  std::string_view help) {
  page += ".TP\n";
  if (short_flag != 0) page += fmt::format("\\fB\\-{}\\fR, ", short_flag);
  page += fmt::format("\\fB\\-\\-{}\\fR", roff(name));
  if (!value.empty()) page += fmt::format(" \\fI{}\\fR", roff(value));
  page += fmt::format("\n{}\n", roff(help));
}

struct ExitCode {
  int code;
  std::string_view meaning;
};
constexpr ExitCode kExitCodes[] = {
    {0, "Done; failures, if any, within --fail_ratio."},
    {1, "Done; more rows failed than --fail_ratio allows. They are in failed.txt."},
    {2, "The command line or the environment cannot be used."},
    {3, "A list cannot be read."},
    {4, "The output cannot be written, the disk is full, or the folder belongs to another list."},
    {5,
     "The network is down: nothing succeeded and every failure is a name look-up or a connection."},
    {6, "Stopped by --max_rows, --max_errors, --max_bytes or --max_duration."},
    {7, "Interrupted; the same command continues (130 or 143 after a second signal)."},
    {8, "Another run holds the output folder."},
};

// Choices of an option as shell words: "reuse fresh"; "" when it takes free text.
std::string choice_words(std::string_view value) {
  if (value.find('|') == value.npos || value.find("...") != value.npos) return "";
  std::string words(value);
  std::ranges::replace(words, '|', ' ');
  return words;
}

bool takes_path(std::string_view value) {
  return value == "FILE" || value == "DIR" || value == "LIST" || value == "FILE.svg";
}

// Every flag that is shown, options first, as `visit(name, short_flag, value, help)`.
template <class Visit>
void for_each_flag(Visit visit) {
  for (const OptionInfo& option : option_table())
    visit(option.name, option.short_flag, option.value, option.help);
  for (const CommandFlag& flag : command_flags()) {
    if (!flag.help.empty()) visit(flag.name, flag.short_flag, flag.value, flag.help);
  }
}

std::string status_words() {
  std::string words;
  for (ErrorCode code : row_statuses())
    words += fmt::format("{}{}", words.empty() ? "" : " ", name(code));
  return words;
}

std::string bash_completion() {
  std::string flags;
  std::string cases;
  for_each_flag([&](std::string_view name, char short_flag, std::string_view value,
                    std::string_view) {
    flags += fmt::format("{}--{}", flags.empty() ? "" : " ", name);
    const std::string label =
        short_flag != 0 ? fmt::format("--{}|-{}", name, short_flag) : fmt::format("--{}", name);
    const std::string words = choice_words(value);
    if (!words.empty())
      cases += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n",
                           label, words);
    if (value == "DIR")
      cases += fmt::format("    {}) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n", label);
  });
  return fmt::format(
      "# bash completion for pixhaul\n"
      "_pixhaul() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  case \"$before\" in\n"
      "{}"
      "    explain) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n"
      "    completion) COMPREPLY=($(compgen -W \"bash zsh fish\" -- \"$word\")); return ;;\n"
      "  esac\n"
      "  if [[ $word == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))\n"
      "  elif ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W \"compare img2dataset status verify dashboard report doctor "
      "explain "
      "completion man\" -- "
      "\"$word\") "
      "$(compgen -f "
      "-- \"$word\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _pixhaul pixhaul\n",
      cases, status_words(), flags);
}

// Single quotes, brackets and colons have a meaning inside an _arguments specification.
std::string zsh_quoted(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\'')
      result += "'\\''";
    else if (c == '[' || c == ']' || c == ':')
      result += fmt::format("\\{}", c);
    else
      result += c;
  }
  return result;
}

std::string zsh_completion() {
  std::string lines;
  for_each_flag(
      [&](std::string_view name, char short_flag, std::string_view value, std::string_view help) {
        std::string action;
        if (!value.empty()) {
          const std::string words = choice_words(value);
          action = fmt::format(":{}:{}", zsh_quoted(name),
                               !words.empty()      ? fmt::format("({})", words)
                               : value == "DIR"    ? "_files -/"
                               : takes_path(value) ? "_files"
                                                   : "");
        }
        const std::string_view equals = value.empty() ? "" : "=";
        lines += fmt::format("    '*--{}{}[{}]{}' \\\n", name, equals, zsh_quoted(help), action);
        if (short_flag != 0)
          lines += fmt::format("    '*-{}{}[{}]{}' \\\n", short_flag, value.empty() ? "" : "+",
                               zsh_quoted(help), action);
      });
  return fmt::format(
      "#compdef pixhaul\n"
      "_pixhaul() {{\n"
      "  if (( CURRENT == 3 )) && [[ $words[2] == explain ]]; then compadd {}; return; fi\n"
      "  if (( CURRENT == 3 )) && [[ $words[2] == completion ]]; then compadd bash zsh fish; "
      "return; fi\n"
      "  if (( CURRENT == 2 )); then compadd compare img2dataset status verify dashboard report "
      "doctor "
      "explain "
      "completion "
      "man; fi\n"
      "  _arguments \\\n{}    '*:list:_files'\n"
      "}}\n"
      "compdef _pixhaul pixhaul\n",
      status_words(), lines);
}

std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string fish_completion() {
  std::string text =
      "# fish completion for pixhaul\n"
      "complete -c pixhaul -n __fish_use_subcommand -a 'compare img2dataset status verify "
      "dashboard report doctor "
      "explain "
      "completion "
      "man'\n";
  text += fmt::format("complete -c pixhaul -f -n '__fish_seen_subcommand_from explain' -a '{}'\n",
                      status_words());
  text += "complete -c pixhaul -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
  for_each_flag(
      [&](std::string_view name, char short_flag, std::string_view value, std::string_view help) {
        text += fmt::format("complete -c pixhaul -l {}", name);
        if (short_flag != 0) text += fmt::format(" -s {}", short_flag);
        const std::string words = choice_words(value);
        if (!words.empty())
          text += fmt::format(" -x -a '{}'", words);
        else if (takes_path(value))
          text += " -r";
        else if (!value.empty())
          text += " -x";
        text += fmt::format(" -d {}\n", fish_quoted(help));
      });
  return text;
}

// In a table a bar separates cells.
std::string cell(std::string_view text) {
  std::string result;
  for (char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string options_page() {
  std::string page =
      "# Options\n\n"
      "Written by `pixhaul docs options` from the one option table; do not edit.\n\n"
      "Dashes and underscores are the same. A flag outweighs its environment variable (`PIXHAUL_` "
      "and the name in\n"
      "capitals), which outweighs the default; `--print_config` shows the origin of each value. "
      "Sizes are `10M` (decimal)\n"
      "or `10MiB`, times `250ms`, `30s`, `5m`, `2h`; a bare number counts bytes or seconds. "
      "Booleans are `--x`,\n"
      "`--x=true`, `--x=false`. A list option may be repeated or separated by commas (headers are "
      "only repeated);\n"
      "`none` empties it.\n";
  std::string_view last;
  for (const OptionInfo& option : option_table()) {
    if (option.group != last) {
      page += fmt::format(
          "\n## {}\n\n| option | value | default | meaning |\n| --- | --- | --- | --- |\n",
          option.group);
    }
    last = option.group;
    const std::string letter =
        option.short_flag != 0 ? fmt::format(", `-{}`", option.short_flag) : "";
    page += fmt::format("| `--{}`{} | {} | `{}` | {} |\n", option.name, letter,
                        option.value.empty() ? "boolean" : fmt::format("`{}`", cell(option.value)),
                        cell(option_text(Options(), option.name)), cell(option.help));
  }
  page += "\n## command\n\n| flag | value | meaning |\n| --- | --- | --- |\n";
  for (const CommandFlag& flag : command_flags()) {
    if (flag.help.empty()) continue;
    const std::string letter = flag.short_flag != 0 ? fmt::format(", `-{}`", flag.short_flag) : "";
    const std::string value = flag.value.empty() ? "" : fmt::format("`{}`", cell(flag.value));
    page += fmt::format("| `--{}`{} | {} | {}{} |\n", flag.name, letter, value,
                        flag.compare_only ? "(`compare`) " : "", cell(flag.help));
  }
  return page +
         "\n`-L`, `-O` and `-s` are accepted for fingers that know curl: redirects are followed "
         "and names are made from\n"
         "the URL anyway, and `-s` is `-q`. So are `--retry`, `--max-time`, `--output`, "
         "`--cacert`, `--max-redirs`.\n";
}

std::string errors_page() {
  std::string page =
      "# Statuses, errors and exit codes\n\n"
      "Written by `pixhaul docs errors` from the one status table; do not edit. `pixhaul explain "
      "STATUS` shows one.\n\n"
      "## Statuses\n\nEvery row ends in exactly one of these, under this spelling in rows, JSON "
      "and messages.\n\n";
  for (ErrorCode code : row_statuses()) {
    page += fmt::format(
        "### {}\n\n{}{}. {}\n\n", name(code),
        static_cast<char>(short_meaning(code)[0] - (short_meaning(code)[0] >= 'a' ? 32 : 0)),
        short_meaning(code).substr(1), explanation(code));
  }
  page +=
      "## Errors of a run\n\nThese end a run; they are never the status of a row. Unfinished rows "
      "are done by the next run.\n\n";
  for (int value = 128; value < 256; ++value) {
    const auto code = static_cast<ErrorCode>(value);
    if (name(code) != "internal")
      page += fmt::format("- `{}`: {}\n", name(code), explanation(code));
  }
  page += "\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n";
  for (const ExitCode& code : kExitCodes)
    page += fmt::format("| {} | {} |\n", code.code, code.meaning);
  return page + "| 70 | A defect in pixhaul, or out of memory. |\n";
}

}  // namespace

std::string man_page() {
  std::string page = fmt::format(
      ".TH PIXHAUL 1 \"\" \"pixhaul {}\" \"User Commands\"\n"
      ".SH NAME\npixhaul \\- download lists of images\n"
      ".SH SYNOPSIS\n.B pixhaul\n.I LIST...\n[options]\n.br\n.B pixhaul compare\n.I "
      "LIST\n[options]\n.br\n"
      ".B pixhaul img2dataset\n.I LIST\n[parameters]\n.br\n"
      ".B pixhaul status\n.I OUT\n.br\n.B pixhaul verify\n.I OUT\n[\\-\\-deep]\n.br\n"
      ".B pixhaul dashboard\n.I OUT\n.br\n.B pixhaul report\n.I OUT\n[options]\n.br\n.B pixhaul "
      "doctor\n[\\fIOUT\\fR]\n[options]\n.br\n"
      ".B pixhaul explain\n[\\fISTATUS\\fR]\n"
      ".SH DESCRIPTION\nDownloads the images that lists of URLs name into a folder, as fast as the "
      "network allows and "
      "as politely as the servers ask, and never leaves one doubled or half written. A list is a "
      "text file with one URL "
      "a line, such a file compressed (.gz, .zst), \\- for standard input, or a URL itself. The "
      "same command continues "
      "an interrupted run.\n",
      version());
  std::string_view last;
  for (const OptionInfo& option : option_table()) {
    if (option.group != last) {
      std::string heading(option.group);
      std::ranges::transform(heading, heading.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      });
      page += fmt::format(".SH {} OPTIONS\n", heading);
    }
    last = option.group;
    std::string help(option.help);
    if (!option.value.empty())
      help += fmt::format(" Default: {}.", option_text(Options(), option.name));
    add_man_flag(page, option.short_flag, option.name, option.value, help);
  }
  page += ".SH COMMAND FLAGS\n";
  for (const CommandFlag& flag : command_flags()) {
    if (!flag.help.empty()) add_man_flag(page, flag.short_flag, flag.name, flag.value, flag.help);
  }
  page += ".SH EXIT STATUS\n";
  for (const ExitCode& code : kExitCodes)
    page += fmt::format(".TP\n.B {}\n{}\n", code.code, roff(code.meaning));
  page +=
      ".SH ENVIRONMENT\nEvery option is read from PIXHAUL_ and its name in capitals when no flag "
      "sets it. Also "
      "http_proxy, https_proxy, all_proxy, no_proxy, SSL_CERT_FILE, SSL_CERT_DIR, NO_COLOR, TERM, "
      "COLUMNS.\n";
  return page;
}

Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  return std::unexpected(bad_option("`pixhaul completion` takes bash, zsh or fish"));
}

Result<std::string> docs_page(std::string_view page) {
  if (page == "options") return options_page();
  if (page == "errors") return errors_page();
  return std::unexpected(bad_option("`pixhaul docs` takes options or errors"));
}

}  // namespace pixhaul::cli
