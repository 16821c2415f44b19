#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"
#include "base/mutex.h"
#include "ledger/spool.h"

namespace pixhaul::ledger {

/// The samples' bytes of an open shard: .pixhaul/spool/NNNNN.data, made with the first of them. Any
/// thread: offsets are taken under a lock, bytes are written without one. Nothing is synced: what a
/// power cut loses, the next run's check of sizes and sums finds.
class SpoolData {
 public:
  /// Appends behind `end`, where the bytes that an earlier run's rows refer to end. `spool`
  /// outlives this.
  SpoolData(Folder& spool, std::string name, std::uint64_t end)
      : spool_(spool), name_(std::move(name)), end_(end) {}

  /// Errors: disk_full, output_unwritable.
  [[nodiscard]] Result<DataPlace> append(std::span<const std::byte> bytes);

 private:
  Folder& spool_;
  const std::string name_;
  Mutex mutex_;
  std::unique_ptr<SharedFile> file_ PIXHAUL_GUARDED_BY(mutex_);  // set once
  std::uint64_t end_ PIXHAUL_GUARDED_BY(mutex_);
};

/// "00017.data"
[[nodiscard]] std::string data_name(std::uint64_t shard);

/// Whether the bytes at `place` of `file` are there: with `by_sum` by their sum, else by the file's
/// size. Errors: output_unwritable.
[[nodiscard]] Result<bool> is_present(const RandomAccessFile& file, const DataPlace& place,
                                      bool by_sum);

/// crc32c of `length` bytes; nullopt if the file ends before. Errors: output_unwritable.
[[nodiscard]] Result<std::optional<std::uint32_t>> sum_of(const RandomAccessFile& file,
                                                          std::uint64_t offset,
                                                          std::uint64_t length);

}  // namespace pixhaul::ledger
