// One image costs four system calls: create, write, close, rename. Nothing is synced here
// but removals: the ledger makes a whole shard durable at once before it is recorded (one syncfs
// for ten thousand files instead of ten thousand fsyncs).
#include "writers/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pixhaul::writers {

namespace {

std::string temporary_name(std::string_view key) {
  std::string name;
  name.reserve(key.size() + 6);
  name.append(1, '.').append(key).append(".part");
  return name;
}

// A temporary that is in the way was left by a killed run, or planted: it is removed, never opened.
Result<std::unique_ptr<WritableFile>> create_temporary(Folder& folder, std::string_view name) {
  Result<std::unique_ptr<WritableFile>> file = folder.create(name);
  if (file || file.error().os_error != EEXIST) return file;
  if (Result<> removed = folder.remove(name); !removed) {
    return std::unexpected(std::move(removed).error());
  }
  return folder.create(name);
}

Error explain(Error error, std::string_view shard) {
  error.detail = fmt::format("{} (in folder {})", error.detail, shard);
  return error;
}

class FileStream final : public SampleStream {
 public:
  FileStream(std::shared_ptr<Folder> folder, std::unique_ptr<WritableFile> file,
             const SampleName& name, NameStyle style)
      : folder_(std::move(folder)),
        file_(std::move(file)),
        shard_(name.shard),
        key_(name.key),
        url_path_(style == NameStyle::name ? name.url_path : std::string_view()),
        style_(style) {}
  ~FileStream() override { abort(); }

  Result<> write(std::span<const std::byte> bytes) override { return file_->write(bytes); }

  Result<std::string> finish(std::string_view extension) override {
    const Result<> closed = file_->close();
    file_.reset();
    const std::string temporary = temporary_name(key_);
    std::string name = file_name(key_, url_path_, extension, style_);
    Result<> done = closed;
    if (done) done = folder_->rename(temporary, *folder_, name);
    if (!done) {
      static_cast<void>(folder_->remove(temporary));
      return std::unexpected(explain(std::move(done).error(), shard_));
    }
    return fmt::format("{}/{}", shard_, name);
  }

  void abort() override {
    if (!file_) return;
    file_.reset();
    static_cast<void>(folder_->remove(temporary_name(key_)));
  }

 private:
  std::shared_ptr<Folder> folder_;
  std::unique_ptr<WritableFile> file_;
  std::string shard_;
  std::string key_;
  std::string url_path_;
  NameStyle style_;
};

}  // namespace

FilesWriter::FilesWriter(Folder& output, NameStyle style, std::size_t max_open_folders)
    : output_(output),
      style_(style),
      max_open_folders_(std::max<std::size_t>(max_open_folders, 1)) {}

Result<std::string> FilesWriter::append(const SampleName& name, std::string_view extension,
                                        std::span<const std::byte> bytes) {
  Result<std::unique_ptr<SampleStream>> stream = begin(name);
  if (!stream) return std::unexpected(std::move(stream).error());
  if (Result<> wrote = (*stream)->write(bytes); !wrote) {
    return std::unexpected(explain(std::move(wrote).error(), name.shard));
  }
  return (*stream)->finish(extension);
}

Result<std::unique_ptr<SampleStream>> FilesWriter::begin(const SampleName& name) {
  Result<std::shared_ptr<Folder>> folder = shard_folder(name.shard);
  if (!folder) return std::unexpected(std::move(folder).error());
  Result<std::unique_ptr<WritableFile>> file = create_temporary(**folder, temporary_name(name.key));
  if (!file) return std::unexpected(explain(std::move(file).error(), name.shard));
  return std::make_unique<FileStream>(std::move(*folder), std::move(*file), name, style_);
}

Result<> FilesWriter::remove(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == path.npos) return {};
  Result<std::shared_ptr<Folder>> folder = shard_folder(path.substr(0, slash));
  if (!folder) return std::unexpected(std::move(folder).error());
  return (*folder)->remove(path.substr(slash + 1));
}

namespace {

// What stands beside a kept image under its name: KEY.json and KEY.txt of KEY.jpg.
class KeptNames {
 public:
  explicit KeptNames(const std::unordered_set<std::string>& paths) : paths_(paths) {
    for (const std::string& path : paths) stems_.emplace(path, 0, path.rfind('.'));
  }

  [[nodiscard]] bool contains(const std::string& path) const {
    if (paths_.contains(path)) return true;
    const bool is_beside = path.ends_with(".json") || path.ends_with(".txt");
    return is_beside && stems_.contains(path.substr(0, path.rfind('.')));
  }

 private:
  const std::unordered_set<std::string>& paths_;
  std::unordered_set<std::string> stems_;
};

}  // namespace

Result<> FilesWriter::sweep(std::string_view shard, const std::unordered_set<std::string>& kept) {
  Result<std::shared_ptr<Folder>> folder = shard_folder(shard);
  if (!folder) return std::unexpected(std::move(folder).error());
  Result<std::vector<FolderEntry>> entries = (*folder)->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  const KeptNames names(kept);
  bool has_removed = false;
  for (const FolderEntry& entry : *entries) {
    const std::string_view name = entry.name;
    const bool temporary =
        name.starts_with('.') && name.substr(1).starts_with(shard) && name.ends_with(".part");
    const bool sample =
        name.starts_with(shard) && !names.contains(fmt::format("{}/{}", shard, name));
    if (entry.is_folder || (!temporary && !sample)) continue;
    if (Result<> removed = (*folder)->remove(name); !removed) return removed;
    has_removed = true;
  }
  // Nobody sweeps a shard again that is done: what a power cut brought back would stay.
  return has_removed ? (*folder)->sync() : Result<>();
}

Result<std::shared_ptr<Folder>> FilesWriter::shard_folder(std::string_view shard) {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [shard](const OpenFolder& open) { return open.shard == shard; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().folder;
  }
  Result<std::unique_ptr<Folder>> folder = output_.folder(shard, Folder::IfMissing::make);
  if (!folder) return std::unexpected(std::move(folder).error());
  if (open_.size() >= max_open_folders_) open_.pop_back();
  open_.push_front(OpenFolder{std::string(shard), std::move(*folder)});
  return open_.front().folder;
}

}  // namespace pixhaul::writers
