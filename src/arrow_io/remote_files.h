#pragma once

#include <memory>
#include <string_view>

#include "arrow_io/module.h"
#include "base/file.h"

namespace pixhaul::arrow_io {

/// As Module::open_file_system().
[[nodiscard]] Result<std::unique_ptr<FileSystem>> open_remote_files(std::string_view uri,
                                                                    const StoreOutput& output);

}  // namespace pixhaul::arrow_io
