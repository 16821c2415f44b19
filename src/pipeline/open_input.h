#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/mutex.h"
#include "pipeline/configure_input.h"
#include "readers/input.h"
#include "readers/reader.h"
#include "readers/table.h"

namespace pixhaul::pipeline {

/// Whether `path` is that of an object store (s3://, gs://, hdfs://).
[[nodiscard]] bool is_remote(std::string_view path);

/// Local files, and those at s3://, gs:// and hdfs://, whose store is opened with the first path
/// that names it. Any thread.
class AllFiles final : public FileSystem {
 public:
  /// `local` outlives this.
  explicit AllFiles(FileSystem& local) : local_(local) {}

  [[nodiscard]] Result<std::unique_ptr<Folder>> open_folder(std::string_view path,
                                                            Folder::IfMissing if_missing) override;
  [[nodiscard]] Result<std::unique_ptr<ReadableFile>> open_input(std::string_view path) override;
  [[nodiscard]] Result<std::optional<std::vector<FolderEntry>>> list_inputs(
      std::string_view path) override;

 private:
  struct Store {
    std::string prefix{};  // "s3://bucket"
    std::unique_ptr<FileSystem> files{};
  };
  Result<FileSystem*> files_of(std::string_view path);

  FileSystem& local_;
  Mutex mutex_;
  std::vector<Store> stores_ PIXHAUL_GUARDED_BY(mutex_);  // few
};

/// A reader over the lists that `inputs` stand for: text lists by readers/, tables by arrow_io,
/// which is loaded for them only. `files` outlives the reader; AllFiles if remote lists are to be
/// read. Errors: input_unreadable, one sentence with the remedy.
[[nodiscard]] Result<std::unique_ptr<readers::RowReader>> open_rows(
    FileSystem& files, std::span<const std::string> inputs, const InputSettings& settings);

}  // namespace pixhaul::pipeline
