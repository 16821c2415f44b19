#pragma once

#include <memory>
#include <string_view>

#include "base/file.h"

namespace pixhaul::arrow_io {

/// As Module::open_file_system().
[[nodiscard]] Result<std::unique_ptr<FileSystem>> open_remote_files(std::string_view uri);

}  // namespace pixhaul::arrow_io
