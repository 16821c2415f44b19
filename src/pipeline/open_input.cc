#include "pipeline/open_input.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "arrow_io/module.h"
#include "pipeline/arrow_loader.h"
#include "readers/open.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::array<std::string_view, 4> kRemote = {"s3://", "gs://", "gcs://", "hdfs://"};

// "s3://bucket" of "s3://bucket/key", with what its query says; "" of a local path.
std::string store_prefix(std::string_view path) {
  for (const std::string_view scheme : kRemote) {
    if (!path.starts_with(scheme)) continue;
    const std::size_t query = path.find('?');
    const std::size_t end = std::min(path.find('/', scheme.size()), query);
    std::string prefix(path.substr(0, end));
    if (query != path.npos) prefix += path.substr(query);
    return prefix;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Folder>> AllFiles::open_folder(std::string_view path,
                                                      Folder::IfMissing if_missing) {
  Result<FileSystem*> files = files_of(path);
  if (!files) return std::unexpected(std::move(files).error());
  return (*files)->open_folder(path, if_missing);
}

Result<std::unique_ptr<ReadableFile>> AllFiles::open_input(std::string_view path) {
  Result<FileSystem*> files = files_of(path);
  if (!files) return std::unexpected(std::move(files).error());
  return (*files)->open_input(path);
}

Result<std::optional<std::vector<FolderEntry>>> AllFiles::list_inputs(std::string_view path) {
  Result<FileSystem*> files = files_of(path);
  if (!files) return std::unexpected(std::move(files).error());
  return (*files)->list_inputs(path);
}

Result<FileSystem*> AllFiles::files_of(std::string_view path) {
  const std::string prefix = store_prefix(path);
  if (prefix.empty()) return &local_;
  const MutexLock lock(mutex_);
  for (const Store& store : stores_) {
    if (store.prefix == prefix) return store.files.get();
  }
  Result<arrow_io::Module*> module = load_arrow();
  if (!module) return std::unexpected(std::move(module).error());
  Result<std::unique_ptr<FileSystem>> opened = (*module)->open_file_system(path);
  if (!opened) return std::unexpected(std::move(opened).error());
  stores_.push_back({.prefix = prefix, .files = std::move(*opened)});
  return stores_.back().files.get();
}

Result<std::unique_ptr<readers::RowReader>> open_rows(FileSystem& files,
                                                      std::span<const std::string> inputs,
                                                      readers::ListFormat format,
                                                      const readers::TableSettings& settings) {
  Result<std::vector<readers::InputFile>> found = readers::expand_inputs(files, inputs, format);
  if (!found) return std::unexpected(std::move(found).error());
  if (!readers::are_tables(*found)) return readers::open_texts(files, *found);
  Result<arrow_io::Module*> module = load_arrow();
  if (!module) return std::unexpected(std::move(module).error());
  return (*module)->open_table(files, *found, settings);
}

}  // namespace pixhaul::pipeline
