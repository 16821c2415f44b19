#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "arrow_io/module.h"
#include "base/file.h"
#include "base/mutex.h"

namespace arrow {
class Status;
namespace fs {
class FileSystem;
}  // namespace fs
}  // namespace arrow

namespace pixhaul::arrow_io {

/// What the folders of one output in a store share. Outlives them. Any thread.
class RemoteOutput {
 public:
  /// `shown`: "s3://bucket/prefix", for messages and for the name of the local folder; `path`: the
  /// same for Arrow, "bucket/prefix".
  RemoteOutput(std::shared_ptr<arrow::fs::FileSystem> store, std::string shown, std::string path,
               const StoreOutput& settings);

  /// The folder at `path`. Errors: output_unwritable, saying what of bucket, credentials and
  /// permission is missing.
  [[nodiscard]] Result<std::unique_ptr<Folder>> open(Folder::IfMissing if_missing);

 private:
  friend class RemoteFolder;
  friend class RemoteFile;

  [[nodiscard]] Error error(std::string_view path, const arrow::Status& status) const;
  [[nodiscard]] Result<> check_bucket() const;
  /// The folder of this machine that goes with `path`.
  [[nodiscard]] Result<std::unique_ptr<Folder>> open_local(Folder::IfMissing if_missing);
  void note_size(const std::string& path, std::uint64_t bytes);
  void forget_size(const std::string& path);

  const std::shared_ptr<arrow::fs::FileSystem> store_;  // Arrow's way of holding one
  const std::string shown_;
  const std::string path_;
  const StoreOutput settings_;
  Mutex mutex_;
  // Bytes of objects being written, which the store does not show before they are whole.
  std::map<std::string, std::uint64_t> growing_ PIXHAUL_GUARDED_BY(mutex_);
};

/// What a store says, with the remedy where there is one.
[[nodiscard]] std::string store_words(const arrow::Status& status);

}  // namespace pixhaul::arrow_io
