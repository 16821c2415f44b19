#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"

namespace pixhaul {

/// A stream of lines at a path that the user gave: "-" is standard output, anything else is
/// appended to and made if missing; links are followed, pipes are welcome. Errors:
/// output_unwritable, one sentence.
[[nodiscard]] Result<std::unique_ptr<WritableFile>> open_stream(const std::string& path);

/// Writes `contents` beside the file at `path` and renames it over that: a reader sees the old text
/// or the new. Not synced: for what is written again in seconds. Errors: disk_full,
/// output_unwritable, one sentence.
[[nodiscard]] Result<> replace_text(const std::string& path, std::string_view contents);

}  // namespace pixhaul
