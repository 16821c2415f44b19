// An output folder in an object store. Objects take the place of files: one appears whole when it
// is closed, a rename is a copy by the store and a removal, a folder is a prefix and needs no
// making, and nothing has to be synced. What a store cannot do (append, write in the middle, lock)
// is done on this machine: `.pixhaul/lock`, `.pixhaul/spool` and `.pixhaul/columns` lie in a local
// folder that goes with the output. They are worth nothing to another machine but the time to fetch
// unfinished rows again.
//
// The local folder must not outlive the output it belongs to: rows of another list with other
// options would be taken for this one's. So the output has a letter of its own, `.pixhaul/origin`,
// and the local folder a copy; where they differ, the local folder is emptied.
#include "arrow_io/remote_folder.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "arrow_io/status.h"
#include "base/digest.h"
#include "base/random.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::string_view kState = ".pixhaul";
constexpr std::string_view kOrigin = "origin";
constexpr std::array<std::string_view, 2> kLocalFolders = {"spool", "columns"};

bool is_missing(const arrow::Status& status) {
  const std::string why = words(status);
  return why.starts_with("Path does not exist") || why.find("NO_SUCH_KEY") != why.npos;
}

Error missing(std::string_view path) {
  return Error{.code = ErrorCode::output_unwritable,
               .os_error = ENOENT,
               .detail = fmt::format("the store has no '{}'", path)};
}

Error not_here(std::string_view what) {
  return Error{.code = ErrorCode::output_unwritable,
               .detail = fmt::format("an object store cannot {}", what)};
}

// A name nobody else draws.
std::string draw_origin() { return fmt::format("{:016x}{:016x}\n", system_seed(), system_seed()); }

}  // namespace

std::string store_words(const arrow::Status& status) {
  std::string why = words(status);
  if (why.starts_with("Path does not exist")) return "the store has no such object";
  if (why.find("ACCESS_DENIED") != why.npos || why.find("redentials") != why.npos ||
      why.find("INVALID_ACCESS_KEY_ID") != why.npos ||
      why.find("SIGNATURE_DOES_NOT_MATCH") != why.npos || why.find("HTTP status 403") != why.npos) {
    return "the store refuses access; give credentials as its own tools take them "
           "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE) that may do this";
  }
  return why;
}

/// An object being written: it appears whole with close().
class RemoteFile final : public WritableFile {
 public:
  RemoteFile(RemoteOutput& output, std::string path,
             std::shared_ptr<arrow::io::OutputStream> stream)
      : output_(output), path_(std::move(path)), stream_(std::move(stream)) {
    output_.note_size(path_, 0);
  }
  ~RemoteFile() override {
    output_.forget_size(path_);
    if (!stream_->closed()) static_cast<void>(stream_->Abort());
  }

  Result<> write(std::span<const std::byte> bytes) override {
    const arrow::Status wrote =
        stream_->Write(bytes.data(), static_cast<std::int64_t>(bytes.size()));
    if (!wrote.ok()) return std::unexpected(output_.error(path_, wrote));
    bytes_ += bytes.size();
    output_.note_size(path_, bytes_);
    return {};
  }
  Result<> sync() override { return {}; }
  Result<> close() override {
    const arrow::Status closed = stream_->Close();
    output_.forget_size(path_);
    if (!closed.ok()) return std::unexpected(output_.error(path_, closed));
    return {};
  }

 private:
  RemoteOutput& output_;
  const std::string path_;
  std::shared_ptr<arrow::io::OutputStream> stream_;  // Arrow's way of holding one
  std::uint64_t bytes_ = 0;
};

namespace {

class RemoteRandomAccess final : public RandomAccessFile {
 public:
  RemoteRandomAccess(std::shared_ptr<arrow::io::RandomAccessFile> file, std::uint64_t size,
                     std::string path)
      : file_(std::move(file)), size_(size), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset >= size_ || into.empty()) return std::size_t{0};
    const auto count = file_->ReadAt(static_cast<std::int64_t>(offset),
                                     static_cast<std::int64_t>(into.size()), into.data());
    if (!count.ok() && is_missing(count.status())) return std::unexpected(missing(path_));
    if (!count.ok()) return failed(ErrorCode::output_unwritable, "cannot read", count.status());
    return static_cast<std::size_t>(*count);
  }
  Result<std::uint64_t> size() const override { return size_; }

 private:
  std::shared_ptr<arrow::io::RandomAccessFile> file_;  // Arrow's way of holding one
  const std::uint64_t size_;
  const std::string path_;
};

}  // namespace

/// A prefix. `local`, where there is one, has what cannot be an object.
class RemoteFolder final : public Folder {
 public:
  RemoteFolder(RemoteOutput& output, std::string path, std::unique_ptr<Folder> local = nullptr)
      : output_(output), path_(std::move(path)), local_(std::move(local)) {}

  Result<std::unique_ptr<WritableFile>> create(std::string_view name) override {
    Result<std::string> path = path_of(name);
    if (!path) return std::unexpected(std::move(path).error());
    auto stream = store().OpenOutputStream(*path);
    if (!stream.ok()) return std::unexpected(output_.error(*path, stream.status()));
    return std::make_unique<RemoteFile>(output_, *std::move(path), *std::move(stream));
  }
  Result<std::unique_ptr<WritableFile>> append(std::string_view,
                                               std::optional<std::uint64_t>) override {
    return std::unexpected(not_here("append to an object"));
  }
  Result<std::unique_ptr<RandomAccessFile>> open(std::string_view name) override {
    Result<std::string> path = path_of(name);
    if (!path) return std::unexpected(std::move(path).error());
    auto file = store().OpenInputFile(*path);
    if (!file.ok() && is_missing(file.status())) return std::unexpected(missing(*path));
    if (!file.ok()) return std::unexpected(output_.error(*path, file.status()));
    const auto size = (*file)->GetSize();
    if (!size.ok()) return std::unexpected(output_.error(*path, size.status()));
    return std::make_unique<RemoteRandomAccess>(*std::move(file), static_cast<std::uint64_t>(*size),
                                                *path);
  }
  Result<std::unique_ptr<SharedFile>> open_shared(std::string_view) override {
    return std::unexpected(not_here("write in the middle of an object"));
  }
  Result<> rename(std::string_view name, Folder& to, std::string_view to_name,
                  IfPresent if_present) override {
    auto* target = dynamic_cast<RemoteFolder*>(&to);
    if (target == nullptr || if_present == IfPresent::fail) {
      return std::unexpected(not_here("rename an object so"));
    }
    Result<std::string> from = path_of(name);
    if (!from) return std::unexpected(std::move(from).error());
    Result<std::string> path = target->path_of(to_name);
    if (!path) return std::unexpected(std::move(path).error());
    const arrow::Status copied = store().CopyFile(*from, *path);
    if (!copied.ok()) {
      Result<std::optional<std::uint64_t>> there = size(name);
      if (there && !*there) return std::unexpected(missing(*from));
      return std::unexpected(output_.error(*path, copied));
    }
    return remove(name);
  }
  Result<> remove(std::string_view name) override {
    Result<std::string> path = path_of(name);
    if (!path) return std::unexpected(std::move(path).error());
    const arrow::Status removed = store().DeleteFile(*path);
    if (removed.ok() || is_missing(removed)) return {};
    return std::unexpected(output_.error(*path, removed));
  }
  Result<std::optional<std::string>> read(std::string_view name) override {
    Result<std::unique_ptr<RandomAccessFile>> file = open(name);
    if (!file && file.error().os_error == ENOENT) return std::optional<std::string>();
    if (!file) return std::unexpected(std::move(file).error());
    Result<std::uint64_t> size = (*file)->size();
    if (!size) return std::unexpected(std::move(size).error());
    std::string text(static_cast<std::size_t>(*size), '\0');
    Result<std::size_t> count =
        (*file)->read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())));
    if (!count && count.error().os_error == ENOENT) return std::optional<std::string>();
    if (!count) return std::unexpected(std::move(count).error());
    text.resize(*count);
    return std::optional(std::move(text));
  }
  Result<std::optional<std::uint64_t>> size(std::string_view name) override {
    Result<std::string> path = path_of(name);
    if (!path) return std::unexpected(std::move(path).error());
    {
      const MutexLock lock(output_.mutex_);
      const auto growing = output_.growing_.find(*path);
      if (growing != output_.growing_.end()) return std::optional(growing->second);
    }
    const auto facts = store().GetFileInfo(*path);
    if (!facts.ok()) return std::unexpected(output_.error(*path, facts.status()));
    if (!facts->IsFile()) return std::optional<std::uint64_t>();
    return std::optional(static_cast<std::uint64_t>(facts->size()));
  }
  Result<std::vector<FolderEntry>> list() override {
    arrow::fs::FileSelector selector;
    selector.base_dir = path_;
    selector.allow_not_found = true;
    const auto found = store().GetFileInfo(selector);
    if (!found.ok()) return std::unexpected(output_.error(path_, found.status()));
    std::vector<FolderEntry> entries;
    for (const arrow::fs::FileInfo& entry : *found) {
      entries.push_back({.name = entry.base_name(), .is_folder = entry.IsDirectory()});
    }
    if (local_ == nullptr) return entries;
    Result<std::vector<FolderEntry>> local = local_->list();
    if (!local) return local;
    for (FolderEntry& entry : *local) {
      if (entry.name != kOrigin) entries.push_back(std::move(entry));
    }
    return entries;
  }
  Result<std::unique_ptr<Folder>> folder(std::string_view name, IfMissing if_missing,
                                         bool* made) override {
    if (made != nullptr) *made = false;
    if (local_ != nullptr && std::ranges::find(kLocalFolders, name) != kLocalFolders.end()) {
      return local_->folder(name, if_missing, made);
    }
    Result<std::string> path = path_of(name);
    if (!path) return std::unexpected(std::move(path).error());
    if (if_missing == IfMissing::fail) {
      const auto facts = store().GetFileInfo(*path);
      if (!facts.ok()) return std::unexpected(output_.error(*path, facts.status()));
      if (!facts->IsDirectory()) return std::unexpected(missing(*path));
    }
    if (name == kState && path_ == output_.path_) return open_state(*std::move(path), if_missing);
    return std::make_unique<RemoteFolder>(output_, *std::move(path));
  }
  Result<> remove_folder(std::string_view) override { return {}; }
  Result<bool> put(std::string_view name, std::string_view contents, IfPresent if_present,
                   std::string_view) override {
    Result<std::string> path = path_of(name);
    if (!path) return std::unexpected(std::move(path).error());
    if (if_present == IfPresent::replace) return put_object(*path, contents);
    Result<bool> won = output_.settings_.put_once ? output_.settings_.put_once(*path, contents)
                                                  : put_if_absent(name, *path, contents);
    if (!won || *won) return won;
    // It may be ours: a request that was repeated, its first answer having been lost.
    Result<std::optional<std::string>> standing = read(name);
    if (!standing) return std::unexpected(std::move(standing).error());
    return *standing == contents;
  }
  Result<> sync() override { return {}; }
  Result<> sync_filesystem() override { return {}; }
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override {
    if (local_ == nullptr) return std::unexpected(not_here("be locked"));
    return local_->lock(name);
  }

 private:
  arrow::fs::FileSystem& store() const { return *output_.store_; }

  Result<std::string> path_of(std::string_view name) const {
    if (is_safe_name(name)) return fmt::format("{}/{}", path_, name);
    return std::unexpected(Error{.code = ErrorCode::output_unwritable,
                                 .detail = fmt::format("'{}' is no name for an object", name)});
  }

  Result<bool> put_object(const std::string& path, std::string_view contents) {
    auto stream = store().OpenOutputStream(path);
    if (!stream.ok()) return std::unexpected(output_.error(path, stream.status()));
    arrow::Status wrote =
        (*stream)->Write(contents.data(), static_cast<std::int64_t>(contents.size()));
    if (wrote.ok()) wrote = (*stream)->Close();
    if (!wrote.ok()) return std::unexpected(output_.error(path, wrote));
    return true;
  }

  // Where the store is not asked for a condition: of two at the same moment both may believe it.
  Result<bool> put_if_absent(std::string_view name, const std::string& path,
                             std::string_view contents) {
    Result<std::optional<std::uint64_t>> there = size(name);
    if (!there) return std::unexpected(std::move(there).error());
    if (*there) return false;
    return put_object(path, contents);
  }

  Result<std::unique_ptr<Folder>> open_state(std::string path, IfMissing if_missing) {
    Result<std::unique_ptr<Folder>> local = output_.open_local(if_missing);
    if (!local) {
      if (if_missing == IfMissing::make) return local;
      return std::make_unique<RemoteFolder>(output_, std::move(path));
    }
    auto state = std::make_unique<RemoteFolder>(output_, std::move(path));
    if (if_missing == IfMissing::make) {
      if (Result<> same = match_origin(*state, **local); !same) {
        return std::unexpected(std::move(same).error());
      }
    }
    state->local_ = std::move(*local);
    return state;
  }

  static Result<> match_origin(RemoteFolder& state, Folder& local) {
    if (Result<bool> put = state.put(kOrigin, draw_origin(), IfPresent::fail, ""); !put) {
      return std::unexpected(std::move(put).error());
    }
    Result<std::optional<std::string>> remote = state.read(kOrigin);
    if (!remote) return std::unexpected(std::move(remote).error());
    Result<std::optional<std::string>> known = local.read(kOrigin);
    if (!known) return std::unexpected(std::move(known).error());
    if (*remote == *known) return {};
    for (const std::string_view name : kLocalFolders) {
      if (Result<> emptied = empty(local, name); !emptied) return emptied;
    }
    return write_atomically(local, kOrigin, remote->value_or(std::string()));
  }

  static Result<> empty(Folder& local, std::string_view name) {
    Result<std::unique_ptr<Folder>> folder = local.folder(name, IfMissing::make);
    if (!folder) return std::unexpected(std::move(folder).error());
    Result<std::vector<FolderEntry>> entries = (*folder)->list();
    if (!entries) return std::unexpected(std::move(entries).error());
    for (const FolderEntry& entry : *entries) {
      if (Result<> removed = (*folder)->remove(entry.name); !removed) return removed;
    }
    return {};
  }

  RemoteOutput& output_;
  const std::string path_;
  std::unique_ptr<Folder> local_;
};

RemoteOutput::RemoteOutput(std::shared_ptr<arrow::fs::FileSystem> store, std::string shown,
                           std::string path, const StoreOutput& settings)
    : store_(std::move(store)),
      shown_(std::move(shown)),
      path_(std::move(path)),
      settings_(settings) {}

Result<std::unique_ptr<Folder>> RemoteOutput::open(Folder::IfMissing if_missing) {
  if (if_missing == Folder::IfMissing::make) {
    if (Result<> there = check_bucket(); !there) return std::unexpected(std::move(there).error());
  } else {
    const auto facts = store_->GetFileInfo(path_);
    if (!facts.ok()) return std::unexpected(error(path_, facts.status()));
    if (!facts->IsDirectory()) return std::unexpected(missing(shown_));
  }
  return std::make_unique<RemoteFolder>(*this, path_);
}

// Buckets are not ours to make: they have owners, regions and bills.
Result<> RemoteOutput::check_bucket() const {
  const std::string bucket = path_.substr(0, path_.find('/'));
  const auto facts = store_->GetFileInfo(bucket);
  if (!facts.ok()) return std::unexpected(error(path_, facts.status()));
  if (facts->IsDirectory()) return {};
  return std::unexpected(
      Error{.code = ErrorCode::output_unwritable,
            .detail = fmt::format("cannot write to '{}': the store has no bucket '{}'; make it "
                                  "with the store's own tools",
                                  shown_, bucket)});
}

Result<std::unique_ptr<Folder>> RemoteOutput::open_local(Folder::IfMissing if_missing) {
  Result<Digest> digest = Digest::create(DigestKind::sha256);
  if (!digest) return std::unexpected(std::move(digest).error());
  const std::string name = digest->of(std::as_bytes(std::span(shown_))).substr(0, 32);
  return settings_.local_files->open_folder(settings_.local_folder + "/" + name, if_missing);
}

Error RemoteOutput::error(std::string_view path, const arrow::Status& status) const {
  const std::string_view below =
      path.starts_with(path_) ? path.substr(path_.size()) : std::string_view();
  return Error{
      .code = ErrorCode::output_unwritable,
      .detail = fmt::format("cannot write to '{}{}': {}", shown_, below, store_words(status))};
}

void RemoteOutput::note_size(const std::string& path, std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  growing_[path] = bytes;
}

void RemoteOutput::forget_size(const std::string& path) {
  const MutexLock lock(mutex_);
  growing_.erase(path);
}

}  // namespace pixhaul::arrow_io
