#pragma once

#include <memory>
#include <string_view>

#include "base/file.h"

namespace pixhaul::readers {

/// `file` decompressed while it is read: all members of a gzip file (RFC 1952 §2.2), zero padding
/// behind them ignored; all frames of a zstd file. size() is unknown. Damage and early ends are
/// input_unreadable, naming `name` and what to do, after everything before them has been returned.
[[nodiscard]] std::unique_ptr<ReadableFile> make_gzip_file(std::unique_ptr<ReadableFile> file,
                                                           std::string_view name);
[[nodiscard]] std::unique_ptr<ReadableFile> make_zstd_file(std::unique_ptr<ReadableFile> file,
                                                           std::string_view name);

}  // namespace pixhaul::readers
