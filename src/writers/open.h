#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/file.h"
#include "writers/file_name.h"
#include "writers/writer.h"

namespace pixhaul::writers {

/// What the writers of all formats are made from.
struct WriterSettings {
  NameStyle file_names = NameStyle::name;
  std::size_t max_open_folders = 64;
};

/// The writer of an output format ("files", "dummy"). `output` outlives it.
/// Errors: bad_option, naming the formats there are.
[[nodiscard]] Result<std::unique_ptr<SampleWriter>> open_writer(std::string_view format,
                                                                Folder& output,
                                                                const WriterSettings& settings);

}  // namespace pixhaul::writers
