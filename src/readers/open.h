#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "readers/input.h"
#include "readers/reader.h"
#include "readers/text.h"

namespace pixhaul::readers {

/// A reader over text lists in order: files (plain, .gz, .zst), "-" for standard input, or URLs
/// themselves. The first inputs are opened here, so that a mistyped name is noticed before any
/// work. `files` outlives the reader. Errors: input_unreadable, one sentence with the remedy.
/// REQUIRES: !are_tables(inputs).
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_texts(FileSystem& files,
                                                            std::span<const InputFile> inputs,
                                                            Comments comments = Comments::skip);

/// expand_inputs() and open_texts(), for those who read no tables: a table is an error.
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_lists(FileSystem& files,
                                                            std::span<const std::string> inputs,
                                                            ListFormat format);

}  // namespace pixhaul::readers
