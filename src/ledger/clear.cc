#include "ledger/clear.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/layout.h"

namespace pixhaul::ledger {

namespace {

constexpr std::array<std::string_view, 5> kEnds = {"_stats.json", ".jsonl", ".parquet", ".tar",
                                                   ".tfrecord"};
constexpr std::array<std::string_view, 6> kStateFolders = {"commit", "spool",  "columns",
                                                           "rows",   "shards", "parts"};

bool is_number(std::string_view text) {
  return text.size() >= static_cast<std::size_t>(kShardDigits) && text.size() <= 18 &&
         text.find_first_not_of("0123456789") == text.npos;
}

// The shard of "00017.tar" and its like; the width is whatever it was.
std::optional<std::uint64_t> shard_of(std::string_view name, std::string_view end) {
  if (!name.ends_with(end)) return std::nullopt;
  name.remove_suffix(end.size());
  if (!is_number(name)) return std::nullopt;
  return std::stoull(std::string(name));
}

// "000170004.jpg", "000170004-sunset.jpg" and their temporaries in the folder "00017".
bool is_of_shard(std::string_view name, std::string_view shard) {
  if (name.starts_with('.')) name.remove_prefix(1);
  if (!name.starts_with(shard)) return false;
  const std::size_t end = name.find_first_not_of("0123456789");
  return end != name.npos && (name[end] == '.' || name[end] == '-');
}

class Clearing {
 public:
  explicit Clearing(const ClearScope& scope) : scope_(scope) {}

  // Stats first: from then on nothing here counts as done.
  Result<> run() {
    for (const std::string_view end : kEnds) {
      if (Result<> removed = remove_files(end); !removed) return removed;
      if (end != kEnds.front()) continue;
      if (Result<> synced = scope_.output->sync(); !synced) return synced;
    }
    if (Result<> removed = remove_image_folders(); !removed) return removed;
    return remove_state();
  }

 private:
  Result<> remove_files(std::string_view end) {
    Result<std::vector<FolderEntry>> entries = scope_.output->list();
    if (!entries) return std::unexpected(std::move(entries).error());
    for (const FolderEntry& entry : *entries) {
      const std::optional<std::uint64_t> shard = shard_of(entry.name, end);
      if (entry.is_folder || !shard || !scope_.is_mine(*shard)) continue;
      if (Result<> removed = scope_.output->remove(entry.name); !removed) return removed;
    }
    return {};
  }

  Result<> remove_image_folders() {
    Result<std::vector<FolderEntry>> entries = scope_.output->list();
    if (!entries) return std::unexpected(std::move(entries).error());
    for (const FolderEntry& entry : *entries) {
      if (!entry.is_folder || !is_number(entry.name)) continue;
      if (!scope_.is_mine(std::stoull(entry.name))) continue;
      if (Result<> removed = remove_images(entry.name); !removed) return removed;
      if (Result<> removed = scope_.output->remove_folder(entry.name); !removed) return removed;
    }
    return {};
  }

  Result<> remove_images(const std::string& shard) {
    Result<std::unique_ptr<Folder>> images = scope_.output->folder(shard, Folder::IfMissing::fail);
    if (!images) return std::unexpected(std::move(images).error());
    Result<std::vector<FolderEntry>> entries = (*images)->list();
    if (!entries) return std::unexpected(std::move(entries).error());
    for (const FolderEntry& entry : *entries) {
      if (entry.is_folder || !is_of_shard(entry.name, shard)) continue;
      if (Result<> removed = (*images)->remove(entry.name); !removed) return removed;
    }
    return {};
  }

  Result<> remove_state() {
    for (const std::string_view name : kStateFolders) {
      Result<std::unique_ptr<Folder>> folder = scope_.state->folder(name, Folder::IfMissing::make);
      if (!folder) return std::unexpected(std::move(folder).error());
      Result<std::vector<FolderEntry>> entries = (*folder)->list();
      if (!entries) return std::unexpected(std::move(entries).error());
      for (const FolderEntry& entry : *entries) {
        if (entry.is_folder || !is_state_mine(entry.name)) continue;
        if (Result<> removed = (*folder)->remove(entry.name); !removed) return removed;
      }
      // A decision that came back after a power cut would bring its shard back.
      if (Result<> synced = (*folder)->sync(); !synced) return synced;
    }
    if (!scope_.is_alone) return {};
    if (Result<> removed = scope_.output->remove("failed.txt"); !removed) return removed;
    if (Result<> removed = scope_.state->remove("failed.parquet"); !removed) return removed;
    return scope_.state->remove("manifest.json");
  }

  bool is_state_mine(std::string_view name) {
    if (scope_.is_alone) return true;
    if (name.starts_with('.')) name.remove_prefix(1);
    const std::optional<std::uint64_t> shard = parse_shard_name(name.substr(0, name.find('.')));
    return shard && scope_.is_mine(*shard);
  }

  const ClearScope& scope_;
};

// Whether one of the two programs made it.
Result<bool> is_known_folder(const ClearScope& scope) {
  Result<std::optional<std::uint64_t>> manifest = scope.state->size("manifest.json");
  if (!manifest) return std::unexpected(std::move(manifest).error());
  if (*manifest) return true;
  Result<std::vector<FolderEntry>> entries = scope.output->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (shard_of(entry.name, kEnds.front())) return true;
  }
  return false;
}

// The locks of workers that may be at work: whoever clears alone holds them all.
Result<std::vector<std::unique_ptr<FileLock>>> lock_workers(const ClearScope& scope) {
  std::vector<std::unique_ptr<FileLock>> locks;
  if (!scope.is_alone) return locks;
  Result<std::vector<FolderEntry>> entries = scope.state->list();
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const FolderEntry& entry : *entries) {
    if (!entry.name.starts_with("lock.")) continue;
    Result<std::unique_ptr<FileLock>> lock = scope.state->lock(entry.name);
    if (!lock) return std::unexpected(std::move(lock).error());
    locks.push_back(std::move(*lock));
  }
  return locks;
}

}  // namespace

Result<> clear_folder(const ClearScope& scope, bool begin) {
  Result<std::optional<std::uint64_t>> marker = scope.state->size(scope.marker);
  if (!marker) return std::unexpected(std::move(marker).error());
  if (!*marker) {
    if (!begin) return {};
    Result<bool> known = is_known_folder(scope);
    if (!known) return std::unexpected(std::move(known).error());
    if (!*known) return {};
  }
  Result<std::vector<std::unique_ptr<FileLock>>> locks = lock_workers(scope);
  if (!locks) return std::unexpected(std::move(locks).error());
  if (Result<> marked = write_atomically(*scope.state, scope.marker, ""); !marked) return marked;
  if (Result<> cleared = Clearing(scope).run(); !cleared) return cleared;
  if (Result<> synced = scope.output->sync(); !synced) return synced;
  return scope.state->remove(scope.marker);
}

}  // namespace pixhaul::ledger
