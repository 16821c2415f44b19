#include "writers/open.h"

#include <fmt/core.h>

#include <array>
#include <string>

#include "writers/dummy.h"
#include "writers/files.h"

namespace pixhaul::writers {

namespace {

using Make = std::unique_ptr<SampleWriter> (*)(Folder&, const WriterSettings&);

std::unique_ptr<SampleWriter> make_files(Folder& output, const WriterSettings& settings) {
  return std::make_unique<FilesWriter>(output, settings.file_names, settings.max_open_folders);
}

std::unique_ptr<SampleWriter> make_dummy(Folder& /*output*/, const WriterSettings& /*settings*/) {
  return std::make_unique<DummyWriter>();
}

struct Format {
  std::string_view name;
  Make make;
};
constexpr std::array kFormats = {
    Format{"files", make_files},
    Format{"dummy", make_dummy},
};

}  // namespace

Result<std::unique_ptr<SampleWriter>> open_writer(std::string_view format, Folder& output,
                                                  const WriterSettings& settings) {
  std::string names;
  for (const Format& known : kFormats) {
    if (known.name == format) return known.make(output, settings);
    names += names.empty() ? "" : ", ";
    names += known.name;
  }
  return std::unexpected(
      Error{.code = ErrorCode::bad_option,
            .detail = fmt::format("there is no output format '{}'; there are {}", format, names)});
}

}  // namespace pixhaul::writers
