// S3, Google Cloud Storage and HDFS by Arrow's file systems. The one for S3 is a library of its own
// in the wheel, loaded from beside libarrow when somebody names an s3:// path. Credentials and
// regions come from where each store's own tools look for them; a URI's query
// (?endpoint_override=…&scheme=http) goes to Arrow as it is.
#include "arrow_io/remote_files.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/util/config.h>
#include <dlfcn.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "arrow_io/remote_folder.h"
#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

namespace {

// Where distributions keep the certificates that are trusted.
constexpr std::array<const char*, 3> kTrustedCertificates = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

Error store_error(std::string_view uri, const arrow::Status& status) {
  return unreadable(uri, store_words(status));
}

class RemoteReadable final : public ReadableFile {
 public:
  RemoteReadable(std::shared_ptr<arrow::io::RandomAccessFile> file, std::uint64_t size,
                 std::string_view uri)
      : file_(std::move(file)), size_(size), uri_(uri) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    Result<std::size_t> count = read_at(at_, into);
    if (count) at_ += *count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  bool is_seekable() const override { return true; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= size_) return std::size_t{0};
    const auto count = file_->ReadAt(static_cast<std::int64_t>(offset),
                                     static_cast<std::int64_t>(into.size()), into.data());
    if (!count.ok()) return std::unexpected(store_error(uri_, count.status()));
    return static_cast<std::size_t>(*count);
  }

 private:
  std::shared_ptr<arrow::io::RandomAccessFile> file_;  // Arrow's way of holding one
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::string uri_;
};

class RemoteFiles final : public FileSystem {
 public:
  RemoteFiles(std::shared_ptr<arrow::fs::FileSystem> store, const StoreOutput& output)
      : store_(std::move(store)), settings_(output) {}

  Result<std::unique_ptr<Folder>> open_folder(std::string_view uri,
                                              Folder::IfMissing if_missing) override {
    const auto path = store_->PathFromUri(std::string(uri));
    if (!path.ok()) return std::unexpected(store_error(uri, path.status()));
    std::string shown(uri.substr(0, uri.find('?')));
    while (shown.ends_with('/')) shown.pop_back();
    outputs_.push_back(std::make_unique<RemoteOutput>(store_, std::move(shown), *path, settings_));
    return outputs_.back()->open(if_missing);
  }

  Result<std::unique_ptr<ReadableFile>> open_input(std::string_view uri) override {
    const auto path = store_->PathFromUri(std::string(uri));
    if (!path.ok()) return std::unexpected(store_error(uri, path.status()));
    auto file = store_->OpenInputFile(*path);
    if (!file.ok()) return std::unexpected(store_error(uri, file.status()));
    const auto size = (*file)->GetSize();
    if (!size.ok()) return std::unexpected(store_error(uri, size.status()));
    return std::make_unique<RemoteReadable>(*std::move(file), static_cast<std::uint64_t>(*size),
                                            uri);
  }

  Result<std::optional<std::vector<FolderEntry>>> list_inputs(std::string_view uri) override {
    const auto path = store_->PathFromUri(std::string(uri));
    if (!path.ok()) return std::unexpected(store_error(uri, path.status()));
    const auto facts = store_->GetFileInfo(*path);
    if (!facts.ok()) return std::unexpected(store_error(uri, facts.status()));
    if (!facts->IsDirectory()) return std::optional<std::vector<FolderEntry>>();
    arrow::fs::FileSelector selector;
    selector.base_dir = *path;
    const auto found = store_->GetFileInfo(selector);
    if (!found.ok()) return std::unexpected(store_error(uri, found.status()));
    std::optional<std::vector<FolderEntry>> entries(std::in_place);
    for (const arrow::fs::FileInfo& entry : *found) {
      entries->push_back({.name = entry.base_name(), .is_folder = entry.IsDirectory()});
    }
    return entries;
  }

 private:
  std::shared_ptr<arrow::fs::FileSystem> store_;  // Arrow's way of holding one
  const StoreOutput settings_;
  std::vector<std::unique_ptr<RemoteOutput>> outputs_;  // one in a run
};

// What has to happen once before the first store is opened.
arrow::Status begin(bool needs_s3) {
  static std::once_flag once;
  static arrow::Status status;
  std::call_once(once, [] {
    arrow::fs::FileSystemGlobalOptions options;
    for (const char* file : kTrustedCertificates) {
      if (::access(file, R_OK) != 0) continue;
      options.tls_ca_file_path = file;
      break;
    }
    status = arrow::fs::Initialize(options);
  });
  ARROW_RETURN_NOT_OK(status);
  if (!needs_s3) return status;
  static std::once_flag once_s3;
  static arrow::Status s3_status;
  std::call_once(once_s3, [] {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<const void*>(&arrow::fs::EnsureFinalized), &info) == 0) return;
    std::string folder = info.dli_fname;
    folder.resize(folder.rfind('/') + 1);
    // Arrow's own name, and that of the copy in a Python package (tools/private_arrow).
    for (const char* name :
         {"libarrow_s3.so." ARROW_SO_VERSION, "libpixhaul_private_arrow_s3.so"}) {
      const std::string path = folder + name;
      if (::access(path.c_str(), F_OK) != 0) continue;
      s3_status = arrow::fs::LoadFileSystemFactories(path.c_str());
      return;
    }
  });
  return s3_status;
}

// Behind the first store, not before: handlers run in the opposite order of registration, and the
// library's own end has to come behind this or it complains that it was never finalised.
void finalise_at_exit() {
  static std::once_flag once;
  std::call_once(once, [] { std::atexit([] { arrow::fs::EnsureFinalized(); }); });
}

}  // namespace

Result<std::unique_ptr<FileSystem>> open_remote_files(std::string_view uri,
                                                      const StoreOutput& output) {
  try {
    const arrow::Status begun = begin(uri.starts_with("s3:"));
    if (!begun.ok()) return std::unexpected(unreadable(uri, begun));
    auto store = arrow::fs::FileSystemFromUri(std::string(uri));
    finalise_at_exit();
    if (!store.ok()) return std::unexpected(store_error(uri, store.status()));
    return std::make_unique<RemoteFiles>(*std::move(store), output);
  } catch (const std::exception& thrown) {
    return std::unexpected(unreadable(uri, std::string_view(thrown.what())));
  }
}

}  // namespace pixhaul::arrow_io
