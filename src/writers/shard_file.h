#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/summed_file.h"

namespace pixhaul::writers {

/// Bytes that lie in a shard's spool.
struct SpooledBytes {
  const RandomAccessFile* file = nullptr;  ///< not owned
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t crc32c = 0;  ///< of these bytes
};

/// A sample as it enters a shard's file. What is viewed is used during the call only.
struct SampleParts {
  std::string_view key{};        ///< "000000017"
  std::string_view extension{};  ///< "jpg", from the closed list of formats
  SpooledBytes image{};
  std::string_view json{};                    ///< the object append_sample_json() wrote
  std::optional<std::string_view> caption{};  ///< nullopt where the list has no caption column
};

/// One file that holds a shard's samples, written from front to back. The bytes are a function of
/// the samples alone. One thread. Errors of every function: disk_full, output_unwritable,
/// state_damaged (the spool ends before the image does).
class ShardFile {
 public:
  virtual ~ShardFile() = default;
  /// REQUIRES: keys come in ascending order; key and extension are ours.
  [[nodiscard]] virtual Result<> add(const SampleParts& sample) = 0;
  /// Writes the file's end. Syncing and closing is the caller's. At most once.
  [[nodiscard]] virtual Result<FileFacts> finish() = 0;
};

/// Whether samples of that output format lie in shard files of this kind, and the file's extension:
/// "tar" for "webdataset", "tfrecord" for "tfrecord", nullopt for any other.
[[nodiscard]] std::optional<std::string_view> shard_file_extension(std::string_view format);

/// The shard file of an output format over `file`, which is empty and outlives it.
/// Errors: bad_option, naming the formats there are.
[[nodiscard]] Result<std::unique_ptr<ShardFile>> open_shard_file(std::string_view format,
                                                                 WritableFile& file);

}  // namespace pixhaul::writers
