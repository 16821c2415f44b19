#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "readers/reader.h"

namespace pixhaul::readers {

enum class ListFormat : std::uint8_t { automatic, text };

/// A reader over `inputs` in order: list files (plain, .gz, .zst), "-" for standard input, or URLs
/// themselves (http:// or https:// at the front). With `automatic`, a file whose extension says
/// that it holds no text is refused. The first inputs are opened here, so that a mistyped name is
/// noticed before any work. `files` outlives the reader. Errors: input_unreadable, one sentence
/// with the remedy.
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_lists(FileSystem& files,
                                                            std::span<const std::string> inputs,
                                                            ListFormat format);

/// Whether an argument is a URL itself rather than a list's name.
[[nodiscard]] bool is_url_argument(std::string_view input);

}  // namespace pixhaul::readers
