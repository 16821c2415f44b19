// Names and contents are two maps, each in two versions: what the process sees and what a power cut
// would leave. A file's contents are an inode of their own, so that a rename moves a name and not
// the bytes: a name made durable before its contents were leads to an empty file after crash(), as
// on a real disk.
#include "support/memory_fs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/random.h"

namespace pixhaul::test {

namespace {

struct Inode {
  std::string live{};
  std::string durable{};
};

using Names = std::map<std::string, std::shared_ptr<Inode>>;

std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

bool is_directly_in(const std::string& path, const std::string& folder) {
  const std::size_t skip = folder.empty() ? 0 : folder.size() + 1;
  return path.size() > skip && path.compare(0, folder.size(), folder) == 0 &&
         (folder.empty() || path[folder.size()] == '/') &&
         path.find('/', skip) == std::string::npos;
}

Error failure(int os_error, std::string_view what) {
  return Error{.code = os_error == ENOSPC || os_error == EDQUOT ? ErrorCode::disk_full
                                                                : ErrorCode::output_unwritable,
               .os_error = os_error,
               .detail = std::string(what) + ": " + std::strerror(os_error)};
}

}  // namespace

struct MemoryFileSystem::State {
  Names names;
  Names durable_names;
  std::map<std::string, bool> folders{{"", true}};  // folders are durable at once, for simplicity
  std::map<std::string, int> locks;
  std::uint64_t calls = 0;
  std::uint64_t fail_at = 0;
  std::uint64_t life = 0;  // which process; files of an earlier one are dead
  int os_error = 0;
  bool and_after = false;
  bool dead = false;

  // The errno this write-side call ends with, 0 to go on.
  int enter() {
    ++calls;
    if (dead) return EIO;
    if (fail_at == 0 || calls < fail_at) return 0;
    if (calls > fail_at && !and_after) return 0;
    return os_error;
  }
  [[nodiscard]] int enter_reading() const { return dead ? EIO : 0; }
};

namespace {

using State = MemoryFileSystem::State;

class MemoryWritable final : public WritableFile {
 public:
  MemoryWritable(std::shared_ptr<State> state, std::shared_ptr<Inode> inode)
      : state_(std::move(state)), inode_(std::move(inode)), life_(state_->life) {}

  Result<> write(std::span<const std::byte> bytes) override {
    const int error = enter();
    const std::size_t count = error == 0 ? bytes.size() : bytes.size() / 2;
    if (error == 0 || !state_->dead) {
      inode_->live.append(reinterpret_cast<const char*>(bytes.data()), count);
    }
    if (error != 0) return std::unexpected(failure(error, "write"));
    return {};
  }
  Result<> sync() override {
    if (const int error = enter(); error != 0) return std::unexpected(failure(error, "sync"));
    inode_->durable = inode_->live;
    return {};
  }
  Result<> close() override {
    if (const int error = enter(); error != 0) return std::unexpected(failure(error, "close"));
    return {};
  }

 private:
  int enter() {
    if (life_ != state_->life) return EBADF;
    return state_->enter();
  }
  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
  std::uint64_t life_;
};

class MemorySharedFile final : public SharedFile {
 public:
  MemorySharedFile(std::shared_ptr<State> state, std::shared_ptr<Inode> inode)
      : state_(std::move(state)), inode_(std::move(inode)), life_(state_->life) {}

  Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const int error = life_ != state_->life ? EBADF : state_->enter();
    const std::size_t count = error == 0 ? bytes.size() : bytes.size() / 2;
    if (error == 0 || (!state_->dead && error != EBADF)) {
      if (inode_->live.size() < offset + count) inode_->live.resize(offset + count, '\0');
      std::memcpy(inode_->live.data() + offset, bytes.data(), count);
    }
    if (error != 0) return std::unexpected(failure(error, "write"));
    return {};
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
  std::uint64_t life_;
};

class MemoryRandomAccessFile final : public RandomAccessFile {
 public:
  MemoryRandomAccessFile(std::shared_ptr<State> state, std::shared_ptr<Inode> inode)
      : state_(std::move(state)), inode_(std::move(inode)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (state_->enter_reading() != 0) return std::unexpected(failure(EIO, "read"));
    const std::string& text = inode_->live;
    if (offset >= text.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), text.size() - offset);
    std::memcpy(into.data(), text.data() + offset, count);
    return count;
  }
  Result<std::uint64_t> size() const override {
    if (state_->enter_reading() != 0) return std::unexpected(failure(EIO, "size"));
    return std::uint64_t{inode_->live.size()};
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
};

class MemoryReadable final : public ReadableFile {
 public:
  explicit MemoryReadable(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return text_.size(); }
  bool is_seekable() const override { return true; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= text_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::uint64_t>(into.size(), text_.size() - offset);
    std::memcpy(into.data(), text_.data() + offset, count);
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class MemoryLock final : public FileLock {
 public:
  MemoryLock(std::shared_ptr<State> state, std::string path)
      : state_(std::move(state)), path_(std::move(path)), life_(state_->life) {}
  ~MemoryLock() override {
    if (life_ == state_->life) state_->locks.erase(path_);
  }

 private:
  std::shared_ptr<State> state_;
  std::string path_;
  std::uint64_t life_;
};

class MemoryFolder final : public Folder {
 public:
  MemoryFolder(std::shared_ptr<State> state, std::string path)
      : state_(std::move(state)), path_(std::move(path)) {}

  Result<std::unique_ptr<WritableFile>> create(std::string_view name) override {
    if (Result<> ok = begin(name, "create"); !ok) return std::unexpected(std::move(ok).error());
    auto [at, made] = state_->names.try_emplace(join(path_, name), nullptr);
    if (!made) return std::unexpected(failure(EEXIST, "create"));
    at->second = std::make_shared<Inode>();
    return std::make_unique<MemoryWritable>(state_, at->second);
  }

  Result<std::unique_ptr<WritableFile>> append(std::string_view name,
                                               std::optional<std::uint64_t> keep_bytes) override {
    if (Result<> ok = begin(name, "append"); !ok) return std::unexpected(std::move(ok).error());
    std::shared_ptr<Inode>& inode = state_->names[join(path_, name)];
    if (!inode) inode = std::make_shared<Inode>();
    if (keep_bytes) inode->live.resize(*keep_bytes);
    return std::make_unique<MemoryWritable>(state_, inode);
  }

  Result<std::unique_ptr<RandomAccessFile>> open(std::string_view name) override {
    const auto at = state_->names.find(join(path_, name));
    if (at == state_->names.end()) return std::unexpected(failure(ENOENT, "open"));
    return std::make_unique<MemoryRandomAccessFile>(state_, at->second);
  }

  Result<std::unique_ptr<SharedFile>> open_shared(std::string_view name) override {
    if (Result<> ok = begin(name, "open"); !ok) return std::unexpected(std::move(ok).error());
    std::shared_ptr<Inode>& inode = state_->names[join(path_, name)];
    if (!inode) inode = std::make_shared<Inode>();
    return std::make_unique<MemorySharedFile>(state_, inode);
  }

  Result<> rename(std::string_view name, Folder& to, std::string_view to_name,
                  IfPresent if_present) override {
    if (Result<> ok = begin(name, "rename"); !ok) return ok;
    const std::string target = join(static_cast<MemoryFolder&>(to).path_, to_name);
    const auto from = state_->names.find(join(path_, name));
    if (from == state_->names.end()) return std::unexpected(failure(ENOENT, "rename"));
    if (if_present == IfPresent::fail && state_->names.contains(target)) {
      return std::unexpected(failure(EEXIST, "rename"));
    }
    const std::shared_ptr<Inode> inode = from->second;
    state_->names.erase(from);
    state_->names[target] = inode;
    return {};
  }

  Result<> remove(std::string_view name) override {
    if (Result<> ok = begin(name, "remove"); !ok) return ok;
    state_->names.erase(join(path_, name));
    return {};
  }

  Result<std::optional<std::string>> read(std::string_view name) override {
    if (state_->enter_reading() != 0) return std::unexpected(failure(EIO, "read"));
    const auto at = state_->names.find(join(path_, name));
    if (at == state_->names.end()) return std::optional<std::string>();
    return std::optional<std::string>(at->second->live);
  }

  Result<std::optional<std::uint64_t>> size(std::string_view name) override {
    if (state_->enter_reading() != 0) return std::unexpected(failure(EIO, "size"));
    const auto at = state_->names.find(join(path_, name));
    if (at == state_->names.end()) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(at->second->live.size());
  }

  Result<std::vector<FolderEntry>> list() override {
    if (state_->enter_reading() != 0) return std::unexpected(failure(EIO, "list"));
    std::vector<FolderEntry> entries;
    const std::size_t skip = path_.empty() ? 0 : path_.size() + 1;
    for (const auto& [path, inode] : state_->names) {
      if (is_directly_in(path, path_)) entries.push_back({path.substr(skip), false});
    }
    for (const auto& [path, present] : state_->folders) {
      if (is_directly_in(path, path_)) entries.push_back({path.substr(skip), true});
    }
    return entries;
  }

  Result<std::unique_ptr<Folder>> folder(std::string_view name, IfMissing if_missing,
                                         bool* made) override {
    if (made != nullptr) *made = false;
    const std::string path = join(path_, name);
    if (!state_->folders.contains(path)) {
      if (if_missing == IfMissing::fail) return std::unexpected(failure(ENOENT, "open folder"));
      if (Result<> ok = begin(name, "mkdir"); !ok) return std::unexpected(std::move(ok).error());
      state_->folders[path] = true;
      if (made != nullptr) *made = true;
    }
    return std::make_unique<MemoryFolder>(state_, path);
  }

  Result<> remove_folder(std::string_view name) override {
    if (Result<> ok = begin(name, "rmdir"); !ok) return ok;
    const std::string path = join(path_, name);
    const std::string inside = path + "/";
    const auto first = state_->names.lower_bound(inside);
    const bool has_file = first != state_->names.end() && first->first.starts_with(inside);
    const auto next = state_->folders.lower_bound(inside);
    const bool has_folder = next != state_->folders.end() && next->first.starts_with(inside);
    if (!has_file && !has_folder) state_->folders.erase(path);
    return {};
  }

  Result<> sync() override {
    if (const int error = state_->enter(); error != 0) {
      return std::unexpected(failure(error, "sync folder"));
    }
    std::erase_if(state_->durable_names,
                  [this](const auto& entry) { return is_directly_in(entry.first, path_); });
    for (const auto& [path, inode] : state_->names) {
      if (is_directly_in(path, path_)) state_->durable_names[path] = inode;
    }
    return {};
  }

  Result<> sync_filesystem() override {
    if (const int error = state_->enter(); error != 0) {
      return std::unexpected(failure(error, "syncfs"));
    }
    for (const auto& [path, inode] : state_->names) inode->durable = inode->live;
    state_->durable_names = state_->names;
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override {
    if (Result<> ok = begin(name, "lock"); !ok) return std::unexpected(std::move(ok).error());
    const std::string path = join(path_, name);
    if (!state_->locks.try_emplace(path, 1).second) {
      return std::unexpected(Error{.code = ErrorCode::output_busy, .detail = "process 1"});
    }
    return std::make_unique<MemoryLock>(state_, path);
  }

 private:
  Result<> begin(std::string_view name, std::string_view what) {
    if (!is_safe_name(name)) return std::unexpected(failure(EINVAL, what));
    if (const int error = state_->enter(); error != 0) return std::unexpected(failure(error, what));
    return {};
  }

  std::shared_ptr<State> state_;
  std::string path_;
};

}  // namespace

MemoryFileSystem::MemoryFileSystem() : state_(std::make_shared<State>()) {}
MemoryFileSystem::~MemoryFileSystem() = default;

Result<std::unique_ptr<Folder>> MemoryFileSystem::open_folder(std::string_view path,
                                                              Folder::IfMissing if_missing) {
  const std::string key(path);
  if (!state_->folders.contains(key)) {
    if (if_missing == Folder::IfMissing::fail) {
      return std::unexpected(failure(ENOENT, "open folder"));
    }
    if (const int error = state_->enter(); error != 0) {
      return std::unexpected(failure(error, "mkdir"));
    }
    state_->folders[key] = true;
  }
  return std::make_unique<MemoryFolder>(state_, key);
}

Result<std::unique_ptr<ReadableFile>> MemoryFileSystem::open_input(std::string_view path) {
  if (!exists(path)) {
    return std::unexpected(
        Error{.code = ErrorCode::input_unreadable,
              .os_error = ENOENT,
              .detail = "cannot read '" + std::string(path) + "': No such file or directory"});
  }
  return std::make_unique<MemoryReadable>(contents(path));
}

// A folder of lists is one that some file lies in: put() makes no folders.
Result<std::optional<std::vector<FolderEntry>>> MemoryFileSystem::list_inputs(
    std::string_view path) {
  std::string folder(path);
  while (folder.ends_with('/')) folder.pop_back();
  std::optional<std::vector<FolderEntry>> entries;
  for (const auto& [name, inode] : state_->names) {
    if (!is_directly_in(name, folder)) continue;
    if (!entries) entries.emplace();
    entries->push_back({.name = name.substr(folder.empty() ? 0 : folder.size() + 1)});
  }
  return entries;
}

void MemoryFileSystem::fail_call(std::uint64_t n, int os_error, bool and_after) {
  state_->fail_at = state_->calls + n;
  state_->os_error = os_error;
  state_->and_after = and_after;
}

void MemoryFileSystem::die() { state_->dead = true; }

void MemoryFileSystem::heal() {
  state_->dead = false;
  state_->fail_at = 0;
  state_->locks.clear();
  ++state_->life;
}

void MemoryFileSystem::crash() {
  heal();
  state_->names = state_->durable_names;
  for (const auto& [path, inode] : state_->names) inode->live = inode->durable;
}

void MemoryFileSystem::crash_partly(std::uint64_t seed) {
  Random chance(seed);
  heal();
  if (chance.next() % 2 == 0) {
    state_->names = state_->durable_names;
  } else {
    state_->durable_names = state_->names;
  }
  for (const auto& [path, inode] : state_->names) {
    if (chance.next() % 2 == 0) inode->live = inode->durable;
    inode->durable = inode->live;
  }
}

std::uint64_t MemoryFileSystem::calls() const { return state_->calls; }

bool MemoryFileSystem::exists(std::string_view path) const {
  return state_->names.contains(std::string(path));
}

std::string MemoryFileSystem::contents(std::string_view path) const {
  const auto at = state_->names.find(std::string(path));
  return at == state_->names.end() ? std::string() : at->second->live;
}

void MemoryFileSystem::put(std::string_view path, std::string_view contents) {
  auto inode = std::make_shared<Inode>();
  inode->live = inode->durable = std::string(contents);
  state_->names[std::string(path)] = inode;
  state_->durable_names[std::string(path)] = inode;
}

void MemoryFileSystem::erase(std::string_view path) {
  state_->names.erase(std::string(path));
  state_->durable_names.erase(std::string(path));
}

std::vector<std::string> MemoryFileSystem::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, inode] : state_->names) paths.push_back(path);
  return paths;
}

}  // namespace pixhaul::test
