#pragma once

#include <span>
#include <string>
#include <string_view>

#include "pixhaul/options.h"

namespace pixhaul {

/// One option as every face shows it: flags, help, man page, completions, environment, docs,
/// keywords.
struct OptionInfo {
  std::string_view name;   ///< "host_concurrency"
  std::string_view group;  ///< heading in help: "network"
  std::string_view value;  ///< metavariable or choices: "N", "reuse|fresh"; "" for a boolean
  std::string_view help;   ///< one sentence
  char short_flag = 0;     ///< 'o' for -o, 0 for none
  bool common = false;     ///< shown by plain --help
  bool repeats = false;    ///< a list: may be given several times
};

/// Every option, grouped, in the order help shows them.
[[nodiscard]] std::span<const OptionInfo> option_table();

/// Finds by name; dashes and underscores are the same. nullptr if there is none.
[[nodiscard]] const OptionInfo* find_option(std::string_view name);

/// The known name nearest to a mistyped one ("" if none is near).
[[nodiscard]] std::string_view nearest_option(std::string_view name);

/// Sets one field from text: sizes "10M" "10MiB", times "30s" "5m" "250ms", "none"/"auto" where
/// allowed, booleans "" "true" "false". A list option appends; the text "none" empties it. Errors:
/// bad_option, naming option, text and what is allowed.
[[nodiscard]] Result<> set_option(Options& options, std::string_view name, std::string_view text);

/// The field as text that `set_option` reads back to the same value.
[[nodiscard]] std::string option_text(const Options& options, std::string_view name);

/// Refuses combinations in which an option would have no effect or contradict another.
/// `given`: names the user set. Errors: bad_option, one sentence naming both options.
[[nodiscard]] Result<> check_options(const Options& options, std::span<const std::string> given);

}  // namespace pixhaul
