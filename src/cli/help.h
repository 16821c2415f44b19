#pragma once

#include <string>
#include <string_view>

#include "cli/flags.h"

// Everything that is written from the option table: pure functions from tables to text.
namespace pixhaul::cli {

/// `topic`: "" (common options), "all", a group, an option or a flag. Errors: bad_option when it is
/// none of them.
[[nodiscard]] Result<std::string> help_text(std::string_view topic, std::size_t columns);
/// The man page, section 1, in man(7) macros.
[[nodiscard]] std::string man_page();
/// `shell`: bash, zsh or fish. Errors: bad_option.
[[nodiscard]] Result<std::string> completion_script(std::string_view shell);
/// docs/options.md and docs/errors.md. `page`: options or errors. Errors: bad_option.
[[nodiscard]] Result<std::string> docs_page(std::string_view page);
/// `status`: "" lists them all. Errors: bad_option with the nearest spelling.
[[nodiscard]] Result<std::string> explain_text(std::string_view status, std::size_t columns);
/// One option a line: name, value, origin. Values of headers and passwords in a proxy's URL are
/// left out.
[[nodiscard]] std::string config_text(const Invocation& invocation);

/// `text` in lines of at most `columns`, each begun with `indent` blanks.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns);

}  // namespace pixhaul::cli
