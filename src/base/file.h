#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul {

/// A file that is there, read at any place, also while it grows. Any thread.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  /// The bytes from `offset` on; fewer than `into` takes only where the file ends.
  /// Errors: output_unwritable.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                    std::span<std::byte> into) const = 0;
  /// Its bytes now. Errors: output_unwritable.
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
};

/// A file that several threads write, each at places of its own; what was written can be read at
/// once by whoever opens the file. Any thread.
class SharedFile {
 public:
  virtual ~SharedFile() = default;
  /// All of `bytes` at `offset`, which may lie behind the end. After an error what stands there is
  /// unknown. Errors: disk_full, output_unwritable.
  [[nodiscard]] virtual Result<> write_at(std::uint64_t offset,
                                          std::span<const std::byte> bytes) = 0;
};

/// A file being written. Destroying it closes it without saying how that went. One thread.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// All of `bytes`, at the end. After an error the file's tail is unknown.
  /// Errors: disk_full, output_unwritable.
  [[nodiscard]] virtual Result<> write(std::span<const std::byte> bytes) = 0;
  /// Appends `length` bytes of `from` that begin at `offset`. The default reads and writes them;
  /// the machine's own files are copied inside the kernel where it can.
  /// Errors: as write; state_damaged when `from` ends before.
  [[nodiscard]] virtual Result<> append_from(const RandomAccessFile& from, std::uint64_t offset,
                                             std::uint64_t length);
  /// Returns when the contents would survive a power cut. Never retried by anyone: after a failed
  /// sync the kernel may have marked the lost pages clean, so the file is to be written anew.
  [[nodiscard]] virtual Result<> sync() = 0;
  /// At most once. Errors as write (a quota or network file system may report late).
  [[nodiscard]] virtual Result<> close() = 0;
};

/// A file being read from its beginning. One thread.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// The next bytes, 0 at the end. Errors: input_unreadable.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
  /// Size in bytes when it is a plain file.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
  /// Whether read_at() works: with a plain file or an object of a store, not with a pipe or what is
  /// decompressed on the way. size() is known then.
  [[nodiscard]] virtual bool is_seekable() const { return false; }
  /// The bytes at `offset`, fewer than asked for at the end only; read() goes on where it was.
  /// Errors: input_unreadable.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                    std::span<std::byte> into);
};

/// Holds a lock file until it is destroyed or the process ends, however it ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// A name in a folder.
struct FolderEntry {
  std::string name{};
  bool is_folder = false;
};

/// A folder held open: everything below happens in it and cannot leave it. `name` is one path
/// segment; an unsafe one ("", "..", with '/' or NUL, over 255 bytes) is refused. Symbolic links
/// are never followed. Any thread. Errors, unless said otherwise: disk_full (ENOSPC, EDQUOT),
/// output_unwritable.
class Folder {
 public:
  enum class IfMissing : std::uint8_t { fail, make };
  enum class IfPresent : std::uint8_t { fail, replace };

  virtual ~Folder() = default;

  /// A new file; one that exists is an error with os_error EEXIST.
  [[nodiscard]] virtual Result<std::unique_ptr<WritableFile>> create(std::string_view name) = 0;
  /// A file to append to, made if missing; what lies behind the first `keep_bytes` is cut off.
  [[nodiscard]] virtual Result<std::unique_ptr<WritableFile>> append(
      std::string_view name, std::optional<std::uint64_t> keep_bytes = std::nullopt) = 0;
  /// A file to read parts of; one that is missing is an error with os_error ENOENT.
  [[nodiscard]] virtual Result<std::unique_ptr<RandomAccessFile>> open(std::string_view name) = 0;
  /// A file to write at any place, made if missing.
  [[nodiscard]] virtual Result<std::unique_ptr<SharedFile>> open_shared(std::string_view name) = 0;
  /// Within this folder or into `to`. With IfPresent::fail a present target gives EEXIST, decided
  /// atomically.
  [[nodiscard]] virtual Result<> rename(std::string_view name, Folder& to, std::string_view to_name,
                                        IfPresent if_present = IfPresent::replace) = 0;
  /// A file that is not there counts as removed.
  [[nodiscard]] virtual Result<> remove(std::string_view name) = 0;
  /// The whole file; nullopt when there is none.
  [[nodiscard]] virtual Result<std::optional<std::string>> read(std::string_view name) = 0;
  /// Its bytes if a plain file has that name.
  [[nodiscard]] virtual Result<std::optional<std::uint64_t>> size(std::string_view name) = 0;
  [[nodiscard]] virtual Result<std::vector<FolderEntry>> list() = 0;
  /// A folder in this one. `made`, if given, tells whether this call made it.
  [[nodiscard]] virtual Result<std::unique_ptr<Folder>> folder(std::string_view name,
                                                               IfMissing if_missing,
                                                               bool* made = nullptr) = 0;
  /// Removes an empty folder in this one. One that is not there counts as removed; one that is not
  /// empty stays, without an error.
  [[nodiscard]] virtual Result<> remove_folder(std::string_view name) = 0;
  /// Writes a small file whole and durably: at any instant, power cuts included, `name` holds the
  /// old contents or the new. With IfPresent::fail, of all who try exactly one writes it. Whether
  /// this call did. `attempt` tells those apart who may try at the same time. The default writes a
  /// temporary file (".NAME.part") and renames it.
  [[nodiscard]] virtual Result<bool> put(std::string_view name, std::string_view contents,
                                         IfPresent if_present, std::string_view attempt);
  /// Makes the names in this folder durable (creations, renames, removals).
  [[nodiscard]] virtual Result<> sync() = 0;
  /// Makes everything on this folder's file system durable, by one syncfs.
  [[nodiscard]] virtual Result<> sync_filesystem() = 0;
  /// Takes the lock file `name` or gives up at once. Errors: output_busy, naming the holder's
  /// process.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(std::string_view name) = 0;

 protected:
  friend class PosixFolder;
  /// Its descriptor, -1 where there is none.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// The way to folders and files by path. Any thread.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// The folder at `path`; with IfMissing::make its missing parents are made too.
  [[nodiscard]] virtual Result<std::unique_ptr<Folder>> open_folder(
      std::string_view path, Folder::IfMissing if_missing) = 0;
  /// The file at `path`, "-" for standard input. Errors: input_unreadable, one sentence.
  [[nodiscard]] virtual Result<std::unique_ptr<ReadableFile>> open_input(std::string_view path) = 0;
  /// What lies in the folder of lists at `path`, in no order, symbolic links followed; nullopt when
  /// there is no such folder. Errors: input_unreadable.
  [[nodiscard]] virtual Result<std::optional<std::vector<FolderEntry>>> list_inputs(
      std::string_view path);
};

/// The machine's own file system.
class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<Folder>> open_folder(std::string_view path,
                                                            Folder::IfMissing if_missing) override;
  [[nodiscard]] Result<std::unique_ptr<ReadableFile>> open_input(std::string_view path) override;
  [[nodiscard]] Result<std::optional<std::vector<FolderEntry>>> list_inputs(
      std::string_view path) override;
};

/// Whether `name` may be handed to a Folder.
[[nodiscard]] bool is_safe_name(std::string_view name);

/// Folder::put: `name` holds the old contents or the new.
[[nodiscard]] Result<> write_atomically(Folder& folder, std::string_view name,
                                        std::string_view contents);

/// Folder::put unless `name` is there. Whether this call wrote it.
[[nodiscard]] Result<bool> write_once(Folder& folder, std::string_view name,
                                      std::string_view contents, std::string_view attempt = "");

/// Changes with every start of the machine; "" where the system does not tell.
[[nodiscard]] std::string system_boot_id();

}  // namespace pixhaul
