#pragma once

#include <string>

#include "pixhaul/download.h"

namespace pixhaul::cli {

/// The last words of a run: what is there, what failed and why, what to do. Ends with a line break.
[[nodiscard]] std::string summary_text(const Summary& summary, const Options& options);

/// "gone (HTTP 404)", "unknown host name": the reason of a group in a few words.
[[nodiscard]] std::string failure_words(ErrorCode status, std::uint16_t http_status);

/// PRODUCT's exit codes for a run that ended without an Error.
[[nodiscard]] int exit_code(const Summary& summary, const Options& options);
/// The exit code of an Error that ended a run.
[[nodiscard]] int exit_code(const Error& error);

/// What --dry_run says: each line begins "dry-run:".
[[nodiscard]] std::string plan_text(const Plan& plan);

}  // namespace pixhaul::cli
