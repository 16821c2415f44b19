#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "pixhaul/result.h"

namespace pixhaul::writers {

/// What names a sample. `shard`: its name ("00000"); `key`: "000000017"; `url_path`: the server's
/// text, which reaches a file name only through sanitised_name().
struct SampleName {
  std::string_view shard{};
  std::string_view key{};
  std::string_view url_path{};
};

/// A sample written while it arrives. Destroying it unfinished aborts it. One thread.
class SampleStream {
 public:
  virtual ~SampleStream() = default;
  /// Errors: disk_full, output_unwritable.
  [[nodiscard]] virtual Result<> write(std::span<const std::byte> bytes) = 0;
  /// The sample gets its final name. Gives its path relative to the output folder. Errors as write.
  [[nodiscard]] virtual Result<std::string> finish(std::string_view extension) = 0;
  /// Drops what was written.
  virtual void abort() = 0;
};

/// Where samples go. One thread. Errors of every function: disk_full, output_unwritable.
class SampleWriter {
 public:
  virtual ~SampleWriter() = default;
  /// Writes a whole sample. Gives its path relative to the output folder, "" if the format keeps
  /// none. At any instant the path holds nothing, an earlier sample of the same key, or this one
  /// whole. `extension`: from the closed list of formats.
  [[nodiscard]] virtual Result<std::string> append(const SampleName& name,
                                                   std::string_view extension,
                                                   std::span<const std::byte> bytes) = 0;
  /// Begins a sample that is written as it arrives. The writer outlives it.
  [[nodiscard]] virtual Result<std::unique_ptr<SampleStream>> begin(const SampleName& name) = 0;
  /// Removes a sample by the path append or finish gave; one that is gone counts as removed.
  [[nodiscard]] virtual Result<> remove(std::string_view path) = 0;
  /// Removes what a killed run left in the shard's folder: temporaries, and samples of this shard's
  /// keys that are not in `kept` (paths). Files that others put there are left alone.
  [[nodiscard]] virtual Result<> sweep(std::string_view shard,
                                       const std::unordered_set<std::string>& kept) = 0;
};

}  // namespace pixhaul::writers
