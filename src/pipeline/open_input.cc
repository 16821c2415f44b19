#include "pipeline/open_input.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <utility>

#include "arrow_io/module.h"
#include "pipeline/arrow_loader.h"
#include "pipeline/list_by_list.h"
#include "pipeline/object_output.h"
#include "readers/open.h"
#include "readers/sample_tar.h"

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

bool is_remote(std::string_view path) { return !store_prefix(path).empty(); }

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
  Result<std::unique_ptr<FileSystem>> opened =
      (*module)->open_file_system(path, store_output(local_, path));
  if (!opened) return std::unexpected(std::move(opened).error());
  stores_.push_back({.prefix = prefix, .files = std::move(*opened)});
  return stores_.back().files.get();
}

namespace {

// Shows each tar as the JSON lines of its samples.
class SampleFiles final : public FileSystem {
 public:
  SampleFiles(FileSystem& files, std::span<const readers::InputFile> inputs)
      : files_(files), inputs_(inputs) {}

  Result<std::unique_ptr<Folder>> open_folder(std::string_view path,
                                              Folder::IfMissing if_missing) override {
    return files_.open_folder(path, if_missing);
  }
  Result<std::unique_ptr<ReadableFile>> open_input(std::string_view path) override {
    auto file = files_.open_input(path);
    const auto named = std::ranges::find(inputs_, path, &readers::InputFile::name);
    if (!file || named == inputs_.end() || !readers::is_sample_tar(path)) return file;
    return readers::make_sample_lines(std::move(*file), named->name, places_[named->name]);
  }

  // Where the sample of the list's next row lies.
  std::optional<readers::BodyPlace> take_place(std::string_view input) {
    const auto found = places_.find(input);
    if (found == places_.end() || found->second.empty()) return std::nullopt;
    const auto place = found->second.front();
    found->second.pop_front();
    return place;
  }

 private:
  FileSystem& files_;
  std::span<const readers::InputFile> inputs_;
  std::map<std::string, std::deque<std::optional<readers::BodyPlace>>, std::less<>> places_;
};

// The rows of tars, each with the place of its image. Every line of a tar is exactly one row, bad
// ones too, so rows and places go in step.
class SampleReader final : public readers::RowReader {
 public:
  static Result<std::unique_ptr<readers::RowReader>> create(
      FileSystem& files, std::vector<readers::InputFile> inputs, arrow_io::Module& module,
      const readers::TableSettings& settings) {
    std::unique_ptr<SampleReader> made(new SampleReader(files, std::move(inputs)));
    auto rows = module.open_table(made->files_, made->inputs_, settings);
    if (!rows) return std::unexpected(std::move(rows).error());
    made->rows_ = std::move(*rows);
    return made;
  }

  Result<bool> next(readers::RawRow& row) override {
    auto more = rows_->next(row);
    if (!more || !*more || !readers::is_sample_tar(row.input)) return more;
    row.body = files_.take_place(row.input);
    if (!row.body && row.problem.empty()) row.problem = "the sample has no image";
    return more;
  }
  readers::ReadProgress progress() const override { return rows_->progress(); }
  Result<std::string> cut_columns() override { return rows_->cut_columns(); }

 private:
  SampleReader(FileSystem& files, std::vector<readers::InputFile> inputs)
      : inputs_(std::move(inputs)), files_(files, inputs_) {}

  const std::vector<readers::InputFile> inputs_;
  SampleFiles files_;
  std::unique_ptr<readers::RowReader> rows_;
};

}  // namespace

namespace {

Result<std::unique_ptr<readers::RowReader>> open_found(FileSystem& files,
                                                       std::vector<readers::InputFile> found,
                                                       const InputSettings& settings) {
  if (!readers::are_tables(found)) return readers::open_texts(files, found, settings.comments);
  Result<arrow_io::Module*> module = load_arrow();
  if (!module) return std::unexpected(std::move(module).error());
  if (std::ranges::any_of(found, readers::is_sample_tar, &readers::InputFile::name)) {
    return SampleReader::create(files, std::move(found), **module, settings.table);
  }
  return (*module)->open_table(files, found, settings.table);
}

}  // namespace

Result<std::unique_ptr<readers::RowReader>> open_rows(FileSystem& files,
                                                      std::span<const std::string> inputs,
                                                      const InputSettings& settings) {
  Result<std::vector<readers::InputFile>> found =
      readers::expand_inputs(files, inputs, settings.format);
  if (!found) return std::unexpected(std::move(found).error());
  if (!settings.list_by_list || found->empty())
    return open_found(files, std::move(*found), settings);
  return open_list_by_list(std::move(*found), [&files, settings](const readers::InputFile& list) {
    return open_found(files, {list}, settings);
  });
}

}  // namespace pixhaul::pipeline
