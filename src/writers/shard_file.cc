#include "writers/shard_file.h"

#include <fmt/core.h>

#include <array>
#include <string>

#include "writers/shard_check.h"
#include "writers/tar.h"
#include "writers/tfrecord.h"

namespace pixhaul::writers {

namespace {

template <class File>
std::unique_ptr<ShardFile> make(WritableFile& file) {
  return std::make_unique<File>(file);
}

struct Format {
  std::string_view name;
  std::string_view extension;
  std::unique_ptr<ShardFile> (*make)(WritableFile&);
  Result<ShardContents> (*check)(const RandomAccessFile&, const ImageVisitor&);
};
constexpr std::array kFormats = {
    Format{"webdataset", "tar", make<TarFile>, check_tar},
    Format{"tfrecord", "tfrecord", make<TfrecordFile>, check_tfrecord},
};

const Format* find(std::string_view name) {
  for (const Format& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string_view> shard_file_extension(std::string_view format) {
  const Format* known = find(format);
  if (known == nullptr) return std::nullopt;
  return known->extension;
}

Result<std::unique_ptr<ShardFile>> open_shard_file(std::string_view format, WritableFile& file) {
  if (const Format* known = find(format)) return known->make(file);
  std::string names;
  for (const Format& known : kFormats)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  return std::unexpected(Error{
      .code = ErrorCode::bad_option,
      .detail =
          fmt::format("'{}' does not keep samples in shard files; these do: {}", format, names)});
}

Result<ShardContents> check_shard_file(std::string_view extension, const RandomAccessFile& file,
                                       const ImageVisitor& visit) {
  for (const Format& format : kFormats) {
    if (format.extension == extension) return format.check(file, visit);
  }
  return std::unexpected(Error{.code = ErrorCode::bad_option,
                               .detail = fmt::format("there are no shard files '.{}'", extension)});
}

}  // namespace pixhaul::writers
