// The command line against two tables: the options of a run (pixhaul/option_table.h) and the
// command's own words below. A parser library was tried on paper and rejected: flags here are data
// shared with other faces, dashes equal underscores, a typo names its neighbour, a value remembers
// its origin, and -i, -c, -L keep the meaning fingers know from curl and wget; with all of that
// done by hooks, the library's own part is the loop in `parse_command_line`.
#include "cli/flags.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "pixhaul/option_table.h"

namespace pixhaul::cli {
namespace {

constexpr CommandFlag kCommandFlags[] = {
    {"help", 'h', "all|GROUP|OPTION",
     "Show help: the common options, all of them, one group or one option."},
    {"version", 'V', "", "Show the version and those of the engines inside."},
    {"dry_run", 0, "", "Read the lists and say what a run would do; nothing is requested."},
    {"print_config", 0, "", "Show every option's value and where it comes from."},
    {"quiet", 'q', "", "No progress and no notices: --progress none --log_level error."},
    {"verbose", 'v', "", "All notices: --log_level info."},
    {"continue", 'c', "",
     "Continue the run in the output folder; this is the default, the flag is accepted."},
    {"dashboard", 0, "PORT",
     "Serve a page that shows the run, on 127.0.0.1; 0 takes any free port. Its address is "
     "printed."},
    {"deep", 0, "", "(verify) Decode every image as well."},
    {"format", 0, "html|json|md", "(report) One page with pictures, or its figures as text."},
    {"images", 0, "N,...", "How many images at once, one block of the table each.", true},
    {"rounds", 0, "N", "Rounds of every setting; 8, and 2 when a host is public.", true},
    {"json", 0, "FILE", "Write every figure of the comparison as JSON.", true},
    {"plot", 0, "FILE.svg", "Write the comparison as a plot.", true},
    {"with", 0, "requests", "Run Python requests on a thread pool in the same rounds.", true},
    {"http2", 0, "", "Add a row: kept connections over HTTP/2.", true},
    {"location", 'L', "", ""},     // redirects are always followed
    {"remote_name", 'O', "", ""},  // names are always made from the URL
    {"silent", 's', "", ""},
};

struct Alias {
  std::string_view name;
  std::string_view option;
};
constexpr Alias kAliases[] = {{"retry", "retries"},
                              {"max_time", "deadline"},
                              {"max_redirs", "max_redirects"},
                              {"output", "output_folder"},
                              {"cacert", "ca_file"}};

struct CommandWord {
  std::string_view word;
  Command command;
};
constexpr CommandWord kCommandWords[] = {{"compare", Command::compare},
                                         {"explain", Command::explain},
                                         {"completion", Command::completion},
                                         {"man", Command::man},
                                         {"docs", Command::docs},
                                         {"status", Command::status},
                                         {"verify", Command::verify},
                                         {"dashboard", Command::dashboard},
                                         {"report", Command::report},
                                         {"doctor", Command::doctor}};

std::string canonical(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '-', '_');
  return result;
}

Error bad_option(std::string detail) {
  return {.code = ErrorCode::bad_option, .detail = std::move(detail)};
}

const CommandFlag* find_command_flag(std::string_view name, char short_flag) {
  const auto matches = [&](const CommandFlag& flag) {
    return short_flag != 0 ? flag.short_flag == short_flag : flag.name == name;
  };
  const CommandFlag* found = std::ranges::find_if(kCommandFlags, matches);
  return found == std::end(kCommandFlags) ? nullptr : found;
}

std::optional<std::uint32_t> parse_positive(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc() || end != text.end() || value == 0) return std::nullopt;
  return value;
}

Result<> read_images(std::string_view text, std::vector<std::uint32_t>& images) {
  images.clear();
  for (std::string_view rest = text;;) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const auto count = parse_positive(rest.substr(0, end));
    if (!count) break;
    images.push_back(*count);
    if (end == rest.size()) return {};
    rest.remove_prefix(end + 1);
  }
  return std::unexpected(
      bad_option(fmt::format("--images cannot be '{}': it takes numbers such as 20,40", text)));
}

/// Walks the arguments once; holds what is understood so far.
class Parser {
 public:
  Parser(std::span<const std::string> arguments, Invocation& invocation)
      : arguments_(arguments), invocation_(invocation) {}

  [[nodiscard]] Result<> parse() {
    take_command_word();
    while (next_ < arguments_.size()) {
      const std::string& argument = arguments_[next_++];
      Result<> read;
      if (options_ended_ || argument == "-" || !argument.starts_with('-')) {
        word(argument);
      } else if (argument == "--") {
        options_ended_ = true;
      } else if (argument.starts_with("--")) {
        read = long_flag(std::string_view(argument).substr(2));
      } else {
        read = short_flags(std::string_view(argument).substr(1));
      }
      if (!read) return read;
    }
    return {};
  }

 private:
  void take_command_word() {
    if (arguments_.empty()) return;
    for (const CommandWord& known : kCommandWords) {
      if (arguments_.front() != known.word) continue;
      invocation_.command = known.command;
      next_ = 1;
    }
  }

  void word(const std::string& argument) {
    const bool takes_lists =
        invocation_.command == Command::download || invocation_.command == Command::compare;
    (takes_lists ? invocation_.options.url_list : invocation_.words).push_back(argument);
  }

  [[nodiscard]] Result<> long_flag(std::string_view text) {
    const std::size_t equals = text.find('=');
    std::string name = canonical(text.substr(0, equals));
    std::optional<std::string> value;
    if (equals != text.npos) value = std::string(text.substr(equals + 1));
    for (const Alias& alias : kAliases) {
      if (alias.name == name) name = alias.option;
    }
    if (const OptionInfo* option = find_option(name)) return set(*option, std::move(value));
    if (const CommandFlag* flag = find_command_flag(name, 0))
      return command_flag(*flag, std::move(value));
    return std::unexpected(unknown(text.substr(0, equals), name));
  }

  // -j8, -j 8 and bundles such as -qk are all understood, as by getopt.
  [[nodiscard]] Result<> short_flags(std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters.front();
      letters.remove_prefix(1);
      const auto table = option_table();
      const auto option = std::ranges::find(table, letter, &OptionInfo::short_flag);
      const CommandFlag* flag = find_command_flag("", letter);
      if (option == table.end() && flag == nullptr) {
        return std::unexpected(
            bad_option(fmt::format("there is no option -{}; `pixhaul --help` lists them", letter)));
      }
      const bool takes_value = option != table.end() && !option->value.empty();
      std::optional<std::string> value;
      if (takes_value && !letters.empty()) value = std::string(std::exchange(letters, {}));
      Result<> read = option != table.end() ? set(*option, std::move(value))
                                            : command_flag(*flag, std::nullopt);
      if (!read) return read;
    }
    return {};
  }

  [[nodiscard]] Result<> set(const OptionInfo& option, std::optional<std::string> value) {
    if (!value && option.value.empty()) {
      if (auto taken = takes_no_word(option); !taken) return taken;
      value = "";
    }
    if (!value && !next_value(value)) return std::unexpected(missing(option.name, option.value));
    invocation_.origins[std::string(option.name)] = Origin::flag;
    return set_option(invocation_.options, option.name, *value);
  }

  // `--sizes false` would turn it on and download a list called "false".
  [[nodiscard]] Result<> takes_no_word(const OptionInfo& option) const {
    if (next_ >= arguments_.size()) return {};
    const std::string& word = arguments_[next_];
    constexpr std::string_view kValues[] = {"true", "false", "True", "False", "yes", "no"};
    if (std::ranges::find(kValues, word) == std::end(kValues)) return {};
    const bool is_on = word == "true" || word == "True" || word == "yes";
    return std::unexpected(bad_option(
        fmt::format("--{} takes its value behind '=': --{}={} (a list of that name: ./{})",
                    option.name, option.name, is_on ? "true" : "false", word)));
  }

  [[nodiscard]] Result<> command_flag(const CommandFlag& flag, std::optional<std::string> value) {
    if (flag.compare_only && invocation_.command != Command::compare) {
      return std::unexpected(
          bad_option(fmt::format("--{} belongs to `pixhaul compare`", flag.name)));
    }
    if (flag.name == "deep" && invocation_.command != Command::verify) {
      return std::unexpected(bad_option("--deep belongs to `pixhaul verify`"));
    }
    if (flag.name == "format" && invocation_.command != Command::report) {
      return std::unexpected(bad_option("--format belongs to `pixhaul report`"));
    }
    if (flag.name == "help") return help(std::move(value));
    if (flag.value.empty()) {
      if (value && *value != "true") {
        return std::unexpected(bad_option(fmt::format("--{} takes no value", flag.name)));
      }
      return switch_on(flag.name);
    }
    if (!value && !next_value(value)) return std::unexpected(missing(flag.name, flag.value));
    if (flag.name == "dashboard") return dashboard_port(*value);
    if (flag.name == "format") return report_format(*value);
    return compare_value(flag.name, *value);
  }

  [[nodiscard]] Result<> report_format(std::string_view text) {
    constexpr std::string_view kNames[] = {"html", "json", "md"};  // as the enumerators
    const auto* found = std::ranges::find(kNames, text);
    if (found == std::end(kNames)) {
      return std::unexpected(
          bad_option(fmt::format("--format cannot be '{}': it takes html, json or md", text)));
    }
    invocation_.report_format = static_cast<ReportFormat>(found - std::begin(kNames));
    return {};
  }

  [[nodiscard]] Result<> dashboard_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
    if (error != std::errc() || end != text.end()) {
      return std::unexpected(
          bad_option(fmt::format("--dashboard cannot be '{}': it takes a port, or 0", text)));
    }
    invocation_.dashboard_port = port;
    return {};
  }

  [[nodiscard]] Result<> help(std::optional<std::string> topic) {
    const bool follows = next_ < arguments_.size() && !arguments_[next_].starts_with('-');
    if (!topic && follows) topic = arguments_[next_++];
    invocation_.help_topic = canonical(topic.value_or(""));
    return {};
  }

  [[nodiscard]] Result<> switch_on(std::string_view name) {
    Options& options = invocation_.options;
    if (name == "version") invocation_.version = true;
    if (name == "print_config") invocation_.print_config = true;
    if (name == "dry_run") invocation_.dry_run = true;
    if (name == "deep") invocation_.deep = true;
    if (name == "http2") invocation_.compare.http2 = true;
    if (name == "verbose") {
      options.log_level = LogLevel::info;
      invocation_.origins["log_level"] = Origin::flag;
    }
    if (name == "quiet" || name == "silent") {
      options.progress = ProgressStyle::none;
      options.log_level = LogLevel::error;
      invocation_.origins["progress"] = Origin::flag;
      invocation_.origins["log_level"] = Origin::flag;
    }
    return {};
  }

  [[nodiscard]] Result<> compare_value(std::string_view name, const std::string& value) {
    CompareFlags& compare = invocation_.compare;
    if (name == "images") return read_images(value, compare.images);
    if (name == "json") compare.json = value;
    if (name == "plot") compare.plot = value;
    if (name == "rounds") {
      compare.rounds = parse_positive(value);
      if (!compare.rounds) {
        return std::unexpected(
            bad_option(fmt::format("--rounds cannot be '{}': it takes a number from 1", value)));
      }
    }
    if (name == "with") {
      if (value != "requests") {
        return std::unexpected(
            bad_option(fmt::format("--with cannot be '{}': it takes requests", value)));
      }
      compare.with_requests = true;
    }
    return {};
  }

  bool next_value(std::optional<std::string>& value) {
    if (next_ >= arguments_.size()) return false;
    value = arguments_[next_++];
    return true;
  }

  static Error missing(std::string_view name, std::string_view value) {
    return bad_option(fmt::format("--{} needs a value: {}", name, value));
  }

  static Error unknown(std::string_view written, std::string_view name) {
    std::string_view nearest = nearest_option(name);
    for (const CommandFlag& flag : kCommandFlags) {
      // Words of the command are few and short: one is meant when the other begins with it.
      const bool begins =
          name.size() >= 3 && (flag.name.starts_with(name) || name.starts_with(flag.name));
      if (begins && !flag.help.empty()) nearest = flag.name;
    }
    if (nearest.empty())
      return bad_option(
          fmt::format("there is no option --{}; `pixhaul --help all` lists them", written));
    return bad_option(fmt::format("there is no option --{}; did you mean --{}?", written, nearest));
  }

  std::span<const std::string> arguments_;
  Invocation& invocation_;
  std::size_t next_ = 0;
  bool options_ended_ = false;
};

// A flag outweighs the environment: variables fill in what no flag has set.
Result<> read_environment(const Environment& environment, Invocation& invocation) {
  for (const OptionInfo& option : option_table()) {
    const auto variable = environment.find(environment_name(option.name));
    if (variable == environment.end() || invocation.origins.contains(option.name)) continue;
    if (option.name == "url_list" && !invocation.options.url_list.empty()) continue;
    if (auto set = set_option(invocation.options, option.name, variable->second); !set) {
      return std::unexpected(
          bad_option(fmt::format("{}: {}", variable->first, set.error().detail)));
    }
    invocation.origins[std::string(option.name)] = Origin::environment;
  }
  return {};
}

}  // namespace

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::environment:
      return "environment";
    case Origin::flag:
      return "flag";
    case Origin::standard:
      break;
  }
  return "default";
}

std::span<const CommandFlag> command_flags() { return kCommandFlags; }

std::string environment_name(std::string_view option) {
  std::string result = "PIXHAUL_";
  for (char c : option) result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

Result<Invocation> parse_command_line(std::span<const std::string> arguments,
                                      const Environment& environment) {
  Invocation invocation;
  if (auto parsed = Parser(arguments, invocation).parse(); !parsed)
    return std::unexpected(std::move(parsed).error());
  const bool has_options = invocation.command == Command::download ||
                           invocation.command == Command::compare ||
                           invocation.command == Command::doctor;
  if (has_options) {
    if (auto read = read_environment(environment, invocation); !read)
      return std::unexpected(std::move(read).error());
  }
  return invocation;
}

}  // namespace pixhaul::cli
