#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pixhaul::test {

/// A file system in memory that can fail its n-th call and forget what was not synced. One thread.
/// Durability is the strict reading of POSIX: contents need sync() of the file (or
/// sync_filesystem()), names need sync() of their folder; a write is never reordered before a sync
/// that returned.
class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;

  [[nodiscard]] Result<std::unique_ptr<Folder>> open_folder(std::string_view path,
                                                            Folder::IfMissing if_missing) override;
  [[nodiscard]] Result<std::unique_ptr<ReadableFile>> open_input(std::string_view path) override;
  [[nodiscard]] Result<std::optional<std::vector<FolderEntry>>> list_inputs(
      std::string_view path) override;

  /// The `n`-th write-side call from now (1 is the next) fails with `os_error`; with `and_after`,
  /// so do all later ones until heal(). A failing write leaves half of its bytes.
  void fail_call(std::uint64_t n, int os_error, bool and_after);
  /// Every call fails with EIO until heal(): the process is dead, its unsynced writes are still in
  /// the page cache.
  void die();
  /// Calls work again; locks of the dead process are gone.
  void heal();
  /// A power cut: what was not synced is gone. Implies heal().
  void crash();
  /// A power cut on a disk that had written some of it already: all names changed lately or none,
  /// and of each file what it was or what it became, as `seed` has it. Implies heal().
  void crash_partly(std::uint64_t seed);
  /// Write-side calls so far.
  [[nodiscard]] std::uint64_t calls() const;

  /// Straight access for tests: contents by path, "" and false when missing.
  [[nodiscard]] bool exists(std::string_view path) const;
  [[nodiscard]] std::string contents(std::string_view path) const;
  void put(std::string_view path, std::string_view contents);
  void erase(std::string_view path);
  /// Every file's path, sorted.
  [[nodiscard]] std::vector<std::string> files() const;

  struct State;

 private:
  std::shared_ptr<State> state_;  // shared with folders and files, which a test may keep longer
};

}  // namespace pixhaul::test
