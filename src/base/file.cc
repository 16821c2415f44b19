// The only place where pixhaul touches the disk. A Folder wraps a directory descriptor and every
// call goes through the *at() family with one path segment, so a planted symbolic link or a hostile
// name has nowhere to lead. Writing one image costs openat, write, close, renameat and nothing
// else: names are terminated in a stack buffer, and no path is ever joined.
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/unique_fd.h"

namespace pixhaul {

namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kCopyChunkBytes = 256 * 1024;
constexpr mode_t kFileMode = 0666;
constexpr mode_t kFolderMode = 0777;

// A segment, terminated, without a heap allocation.
class NameBuffer {
 public:
  explicit NameBuffer(std::string_view name) {
    std::memcpy(text_.data(), name.data(), name.size());
    text_[name.size()] = '\0';
  }
  [[nodiscard]] const char* c_str() const { return text_.data(); }

 private:
  std::array<char, kMaxName + 1> text_;
};

Error write_error(int os_error, std::string_view verb, std::string_view name) {
  const bool full = os_error == ENOSPC || os_error == EDQUOT;
  return Error{.code = full ? ErrorCode::disk_full : ErrorCode::output_unwritable,
               .os_error = os_error,
               .detail = fmt::format("cannot {} '{}': {}", verb, name, std::strerror(os_error))};
}

std::unexpected<Error> write_failure(std::string_view verb, std::string_view name) {
  return std::unexpected(write_error(errno, verb, name));
}

Error input_error(int os_error, std::string_view path, std::string_view why) {
  return Error{.code = ErrorCode::input_unreadable,
               .os_error = os_error,
               .detail = fmt::format("cannot read '{}': {}", path, why)};
}

Error unsafe_name(std::string_view name) {
  return Error{.code = ErrorCode::output_unwritable,
               .os_error = EINVAL,
               .detail = fmt::format("'{}' is not a safe file name", name)};
}

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(UniqueFd fd, std::string_view name) : fd_(std::move(fd)), name_(name) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = ::pread(fd_.get(), into.data() + done, into.size() - done,
                                    static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return write_failure("read", name_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<std::uint64_t> size() const override {
    struct stat facts{};
    if (::fstat(fd_.get(), &facts) != 0) return write_failure("examine", name_);
    return static_cast<std::uint64_t>(facts.st_size);
  }

  [[nodiscard]] int descriptor() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string name_;
};

class PosixSharedFile final : public SharedFile {
 public:
  PosixSharedFile(UniqueFd fd, std::string_view name) : fd_(std::move(fd)), name_(name) {}

  Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count =
          ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0) {
        if (errno == EINTR) continue;
        return write_failure("write", name_);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

 private:
  UniqueFd fd_;
  std::string name_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string_view name) : fd_(std::move(fd)), name_(name) {}

  Result<> write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count < 0) {
        if (errno == EINTR) continue;
        return write_failure("write", name_);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  // copy_file_range(2) leaves the bytes in the kernel and shares blocks where the file system can;
  // where it cannot be had (EXDEV, EINVAL, an old kernel, tmpfs before 6.5) the rest is read and
  // written.
  Result<> append_from(const RandomAccessFile& from, std::uint64_t offset,
                       std::uint64_t length) override {
    const auto* file = dynamic_cast<const PosixRandomAccessFile*>(&from);
    auto at = static_cast<off_t>(offset);
    while (length > 0 && file != nullptr) {
      const ssize_t count =
          ::copy_file_range(file->descriptor(), &at, fd_.get(), nullptr, length, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && (errno == ENOSPC || errno == EDQUOT)) return write_failure("write", name_);
      if (count <= 0) break;
      length -= static_cast<std::uint64_t>(count);
    }
    return WritableFile::append_from(from, static_cast<std::uint64_t>(at), length);
  }

  Result<> sync() override {
    if (::fsync(fd_.get()) != 0) return write_failure("sync", name_);
    return {};
  }

  Result<> close() override {
    // close(2): the descriptor is gone whatever it returns; EINTR included, on Linux.
    if (::close(fd_.release()) != 0 && errno != EINTR) return write_failure("close", name_);
    return {};
  }

 private:
  UniqueFd fd_;
  std::string name_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(UniqueFd fd, std::string_view path, std::optional<std::uint64_t> size)
      : fd_(std::move(fd)), path_(path), size_(size) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    for (;;) {
      const ssize_t count = ::read(fd_.get(), into.data(), into.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno == EINTR) continue;
      return std::unexpected(input_error(errno, path_, std::strerror(errno)));
    }
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  bool is_seekable() const override { return size_.has_value(); }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = ::pread(fd_.get(), into.data() + done, into.size() - done,
                                    static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(input_error(errno, path_, std::strerror(errno)));
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  UniqueFd fd_;
  std::string path_;
  std::optional<std::uint64_t> size_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

std::string holder_of(int fd) {
  std::array<char, 32> text;
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  int pid = 0;
  if (count > 0) std::from_chars(text.data(), text.data() + count, pid);
  return pid > 0 ? fmt::format("process {}", pid) : std::string("another process");
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

class PosixFolder final : public Folder {
 public:
  PosixFolder(UniqueFd fd, std::string_view path) : fd_(std::move(fd)), path_(path) {}

  Result<std::unique_ptr<WritableFile>> create(std::string_view name) override {
    return open_writable(name, O_WRONLY | O_CREAT | O_EXCL, "create");
  }

  Result<std::unique_ptr<WritableFile>> append(std::string_view name,
                                               std::optional<std::uint64_t> keep_bytes) override {
    Result<UniqueFd> fd = open_fd(name, O_WRONLY | O_CREAT | O_APPEND, "append to");
    if (!fd) return std::unexpected(std::move(fd).error());
    if (keep_bytes && ::ftruncate(fd->get(), static_cast<off_t>(*keep_bytes)) != 0) {
      return write_failure("truncate", name);
    }
    return std::make_unique<PosixWritableFile>(std::move(*fd), name);
  }

  Result<std::unique_ptr<RandomAccessFile>> open(std::string_view name) override {
    Result<UniqueFd> fd = open_fd(name, O_RDONLY, "open");
    if (!fd) return std::unexpected(std::move(fd).error());
    return std::make_unique<PosixRandomAccessFile>(std::move(*fd), name);
  }

  Result<std::unique_ptr<SharedFile>> open_shared(std::string_view name) override {
    Result<UniqueFd> fd = open_fd(name, O_WRONLY | O_CREAT, "open");
    if (!fd) return std::unexpected(std::move(fd).error());
    return std::make_unique<PosixSharedFile>(std::move(*fd), name);
  }

  Result<> rename(std::string_view name, Folder& to, std::string_view to_name,
                  IfPresent if_present) override {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    if (!is_safe_name(to_name)) return std::unexpected(unsafe_name(to_name));
    const NameBuffer from_text(name);
    const NameBuffer to_text(to_name);
    if (if_present == IfPresent::fail) return rename_new(from_text, to, to_text, to_name);
    if (::renameat(fd_.get(), from_text.c_str(), to.descriptor(), to_text.c_str()) != 0) {
      return write_failure("rename to", to_name);
    }
    return {};
  }

  Result<> remove(std::string_view name) override {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    if (::unlinkat(fd_.get(), NameBuffer(name).c_str(), 0) != 0 && errno != ENOENT) {
      return write_failure("remove", name);
    }
    return {};
  }

  Result<std::optional<std::string>> read(std::string_view name) override {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    const UniqueFd fd(
        ::openat(fd_.get(), NameBuffer(name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.is_open()) {
      if (errno == ENOENT) return std::optional<std::string>();
      return write_failure("read", name);
    }
    struct stat facts{};
    if (::fstat(fd.get(), &facts) != 0) return write_failure("read", name);
    std::string text(static_cast<std::size_t>(facts.st_size), '\0');
    std::size_t size = 0;
    while (size < text.size()) {
      const ssize_t count = ::read(fd.get(), text.data() + size, text.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return write_failure("read", name);
      if (count == 0) break;
      size += static_cast<std::size_t>(count);
    }
    text.resize(size);
    return std::optional<std::string>(std::move(text));
  }

  Result<std::optional<std::uint64_t>> size(std::string_view name) override {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    struct stat facts{};
    if (::fstatat(fd_.get(), NameBuffer(name).c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return std::optional<std::uint64_t>();
      return write_failure("examine", name);
    }
    if (!S_ISREG(facts.st_mode)) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(static_cast<std::uint64_t>(facts.st_size));
  }

  Result<std::vector<FolderEntry>> list() override {
    UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) return write_failure("list", path_);
    const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
    if (!dir) return write_failure("list", path_);
    static_cast<void>(fd.release());  // closedir closes it
    std::vector<FolderEntry> entries;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir.get());
      if (entry == nullptr) {
        if (errno != 0) return write_failure("list", path_);
        return entries;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      entries.push_back({.name = std::string(name), .is_folder = is_folder(*entry)});
    }
  }

  Result<std::unique_ptr<Folder>> folder(std::string_view name, IfMissing if_missing,
                                         bool* made) override {
    if (made != nullptr) *made = false;
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    const NameBuffer text(name);
    if (if_missing == IfMissing::make) {
      const bool ok = ::mkdirat(fd_.get(), text.c_str(), kFolderMode) == 0;
      if (!ok && errno != EEXIST) return write_failure("make folder", name);
      if (made != nullptr) *made = ok;
    }
    UniqueFd fd(::openat(fd_.get(), text.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.is_open()) return write_failure("open folder", name);
    return std::make_unique<PosixFolder>(std::move(fd), name);
  }

  Result<> remove_folder(std::string_view name) override {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    const bool removed = ::unlinkat(fd_.get(), NameBuffer(name).c_str(), AT_REMOVEDIR) == 0;
    if (removed || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST) return {};
    return write_failure("remove folder", name);
  }

  Result<> sync() override {
    if (::fsync(fd_.get()) != 0) return write_failure("sync folder", path_);
    return {};
  }

  Result<> sync_filesystem() override {
    if (::syncfs(fd_.get()) != 0) return write_failure("sync the file system of", path_);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    UniqueFd fd(::openat(fd_.get(), NameBuffer(name).c_str(),
                         O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    if (!fd.is_open()) return write_failure("open", name);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return write_failure("lock", name);
      return std::unexpected(
          Error{.code = ErrorCode::output_busy,
                .os_error = EWOULDBLOCK,
                .detail = fmt::format("{} is already working in this folder; wait for it, or use "
                                      "another --output_folder",
                                      holder_of(fd.get()))});
    }
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
      return write_failure("write", name);
    }
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

 private:
  int descriptor() const override { return fd_.get(); }

  Result<UniqueFd> open_fd(std::string_view name, int flags, std::string_view verb) {
    if (!is_safe_name(name)) return std::unexpected(unsafe_name(name));
    UniqueFd fd(
        ::openat(fd_.get(), NameBuffer(name).c_str(), O_NOFOLLOW | O_CLOEXEC | flags, kFileMode));
    if (!fd.is_open()) return write_failure(verb, name);
    return fd;
  }

  Result<std::unique_ptr<WritableFile>> open_writable(std::string_view name, int flags,
                                                      std::string_view verb) {
    Result<UniqueFd> fd = open_fd(name, flags, verb);
    if (!fd) return std::unexpected(std::move(fd).error());
    return std::make_unique<PosixWritableFile>(std::move(*fd), name);
  }

  // RENAME_NOREPLACE where the file system knows it; link and unlink elsewhere: both let exactly
  // one win.
  Result<> rename_new(const NameBuffer& from, Folder& to, const NameBuffer& to_text,
                      std::string_view to_name) {
    const int to_fd = to.descriptor();
    if (::renameat2(fd_.get(), from.c_str(), to_fd, to_text.c_str(), RENAME_NOREPLACE) == 0) {
      return {};
    }
    if (errno != EINVAL && errno != ENOSYS) return write_failure("rename to", to_name);
    if (::linkat(fd_.get(), from.c_str(), to_fd, to_text.c_str(), 0) != 0) {
      return write_failure("link to", to_name);
    }
    if (::unlinkat(fd_.get(), from.c_str(), 0) != 0) return write_failure("remove", from.c_str());
    return {};
  }

  bool is_folder(const dirent& entry) const {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat facts{};
    return ::fstatat(fd_.get(), entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(facts.st_mode);
  }

  UniqueFd fd_;
  std::string path_;
};

namespace {

// mkdir -p. A parent that cannot be made is reported when the folder itself is opened.
void make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), kFolderMode);
  }
  ::mkdir(path.c_str(), kFolderMode);
}

bool is_folder_at(int folder, const dirent& entry) {
  if (entry.d_type == DT_DIR || entry.d_type == DT_REG) return entry.d_type == DT_DIR;
  struct stat facts{};
  return ::fstatat(folder, entry.d_name, &facts, 0) == 0 && S_ISDIR(facts.st_mode);
}

}  // namespace

Result<std::size_t> ReadableFile::read_at(std::uint64_t, std::span<std::byte>) {
  PIXHAUL_CHECK(!is_seekable());
  return std::unexpected(Error{.code = ErrorCode::input_unreadable,
                               .os_error = ESPIPE,
                               .detail = "this input can only be read from its beginning"});
}

Result<std::optional<std::vector<FolderEntry>>> FileSystem::list_inputs(std::string_view) {
  return std::optional<std::vector<FolderEntry>>();
}

Result<std::unique_ptr<Folder>> PosixFileSystem::open_folder(std::string_view path,
                                                             Folder::IfMissing if_missing) {
  const std::string text(path.empty() ? "." : path);
  UniqueFd fd(::open(text.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() && errno == ENOENT && if_missing == Folder::IfMissing::make) {
    make_parents(text);
    fd.reset(::open(text.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  if (!fd.is_open()) return write_failure("open folder", text);
  return std::make_unique<PosixFolder>(std::move(fd), text);
}

Result<std::unique_ptr<ReadableFile>> PosixFileSystem::open_input(std::string_view path) {
  const std::string text(path);
  const bool standard_input = text == "-";
  UniqueFd fd(standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                             : ::open(text.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string_view shown = standard_input ? "standard input" : path;
  if (!fd.is_open()) {
    return std::unexpected(input_error(errno, shown, std::strerror(errno)));
  }
  struct stat facts{};
  if (::fstat(fd.get(), &facts) != 0) {
    return std::unexpected(input_error(errno, shown, std::strerror(errno)));
  }
  if (S_ISDIR(facts.st_mode)) {
    return std::unexpected(
        input_error(EISDIR, shown, "it is a folder; name the list files in it instead"));
  }
  std::optional<std::uint64_t> size;
  if (S_ISREG(facts.st_mode)) size = static_cast<std::uint64_t>(facts.st_size);
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_unique<PosixReadableFile>(std::move(fd), shown, size);
}

Result<> WritableFile::append_from(const RandomAccessFile& from, std::uint64_t offset,
                                   std::uint64_t length) {
  std::vector<std::byte> chunk(
      static_cast<std::size_t>(std::min<std::uint64_t>(length, kCopyChunkBytes)));
  while (length > 0) {
    const std::span<std::byte> part = std::span(chunk).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(length, chunk.size())));
    Result<std::size_t> count = from.read_at(offset, part);
    if (!count) return std::unexpected(std::move(count).error());
    if (*count == 0) {
      return std::unexpected(Error{.code = ErrorCode::state_damaged,
                                   .detail = "a file ends before the bytes that are to be copied"});
    }
    if (Result<> wrote = write(part.first(*count)); !wrote) return wrote;
    offset += *count;
    length -= *count;
  }
  return {};
}

Result<std::optional<std::vector<FolderEntry>>> PosixFileSystem::list_inputs(
    std::string_view path) {
  const std::string text(path.empty() ? "." : path);
  const std::unique_ptr<DIR, CloseDir> dir(::opendir(text.c_str()));
  if (!dir) {
    if (errno == ENOTDIR || errno == ENOENT) return std::optional<std::vector<FolderEntry>>();
    return std::unexpected(input_error(errno, text, std::strerror(errno)));
  }
  std::optional<std::vector<FolderEntry>> entries(std::in_place);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) {
      if (errno != 0) return std::unexpected(input_error(errno, text, std::strerror(errno)));
      return entries;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries->push_back(
        {.name = std::string(name), .is_folder = is_folder_at(::dirfd(dir.get()), *entry)});
  }
}

bool is_safe_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

namespace {

Result<> write_durably(Folder& folder, std::string_view name, std::string_view contents) {
  if (Result<> removed = folder.remove(name); !removed) return removed;
  Result<std::unique_ptr<WritableFile>> file = folder.create(name);
  if (!file) return std::unexpected(std::move(file).error());
  if (Result<> wrote = (*file)->write(std::as_bytes(std::span(contents))); !wrote) return wrote;
  if (Result<> synced = (*file)->sync(); !synced) return synced;
  return (*file)->close();
}

}  // namespace

Result<bool> Folder::put(std::string_view name, std::string_view contents, IfPresent if_present,
                         std::string_view attempt) {
  const std::string temporary = fmt::format(".{}{}.part", name, attempt);
  if (Result<> wrote = write_durably(*this, temporary, contents); !wrote) {
    return std::unexpected(std::move(wrote).error());
  }
  Result<> won = rename(temporary, *this, name, if_present);
  if (!won && won.error().os_error == EEXIST) {
    if (Result<> removed = remove(temporary); !removed) {
      return std::unexpected(std::move(removed).error());
    }
    return false;
  }
  if (won) won = sync();
  if (!won) return std::unexpected(std::move(won).error());
  return true;
}

Result<> write_atomically(Folder& folder, std::string_view name, std::string_view contents) {
  const Result<bool> wrote = folder.put(name, contents, Folder::IfPresent::replace, "");
  return wrote ? Result<>() : std::unexpected(wrote.error());
}

Result<bool> write_once(Folder& folder, std::string_view name, std::string_view contents,
                        std::string_view attempt) {
  return folder.put(name, contents, Folder::IfPresent::fail, attempt);
}

std::string system_boot_id() {
  const UniqueFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return {};
  std::array<char, 64> text;
  const ssize_t count = ::read(fd.get(), text.data(), text.size());
  if (count <= 0) return {};
  const std::string_view line(text.data(), static_cast<std::size_t>(count));
  return std::string(line.substr(0, line.find('\n')));
}

}  // namespace pixhaul
