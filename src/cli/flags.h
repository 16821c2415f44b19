#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/options.h"
#include "pixhaul/report.h"

namespace pixhaul::cli {

/// The process's environment, or a test's.
using Environment = std::map<std::string, std::string, std::less<>>;

/// Where an option's value comes from; a later one wins.
enum class Origin : std::uint8_t { standard, environment, flag };
[[nodiscard]] std::string_view origin_name(Origin origin);

enum class Command : std::uint8_t {
  download,
  compare,
  explain,
  completion,
  man,
  docs,
  status,
  verify,
  dashboard,
  report,
  doctor
};

/// A flag that is a word to the command itself and no field of Options.
struct CommandFlag {
  std::string_view name;
  char short_flag = 0;
  std::string_view value{};  ///< metavariable; "" for none
  std::string_view help{};   ///< "" hides it: accepted for fingers that know it from curl and wget
  bool compare_only = false;
};
[[nodiscard]] std::span<const CommandFlag> command_flags();

/// Words of `pixhaul compare`.
struct CompareFlags {
  std::vector<std::uint32_t> images{20, 40};
  std::optional<std::uint32_t> rounds{};
  std::string json{};
  std::string plot{};
  bool with_requests = false;
  bool http2 = false;
};

/// A command line, understood.
struct Invocation {
  Command command = Command::download;
  Options options{};
  std::map<std::string, Origin, std::less<>>
      origins{};                            ///< of every option that is not at its default
  std::vector<std::string> words{};         ///< after every other command than download and compare
  std::optional<std::string> help_topic{};  ///< set by --help; "", "all", a group or an option
  bool version = false;
  bool print_config = false;
  bool dry_run = false;
  bool deep = false;  ///< of verify
  ReportFormat report_format = ReportFormat::html;
  std::optional<std::uint16_t> dashboard_port{};  ///< 0: any
  CompareFlags compare{};
};

/// Reads arguments (without the program's name) and `PIXHAUL_*` variables; the lists go to
/// options.url_list. Errors: bad_option, one sentence that names the argument or variable.
[[nodiscard]] Result<Invocation> parse_command_line(std::span<const std::string> arguments,
                                                    const Environment& environment);

/// "PIXHAUL_HOST_CONCURRENCY"
[[nodiscard]] std::string environment_name(std::string_view option);

}  // namespace pixhaul::cli
