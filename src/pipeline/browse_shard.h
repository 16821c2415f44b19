#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/audit.h"
#include "ledger/spool.h"
#include "pixhaul/outcome.h"

namespace pixhaul::pipeline {

/// The folders a browser reads; those of .pixhaul may be missing.
struct BrowseFolders {
  std::unique_ptr<Folder> output{};
  std::unique_ptr<Folder> rows{};
  std::unique_ptr<Folder> spool{};
};

/// Where bytes lie in a file.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// The rows of one shard, in order of key, and where the image of each lies.
struct BrowsedShard {
  std::uint64_t shard = 0;
  std::uint32_t generation = 0;
  bool is_done = false;
  std::string file{};  ///< of the samples: "00017.tar"; "" where images are files of their own
  std::vector<Row> rows{};
  /// One for each row: of a shard that is not done, where its sample waits.
  std::vector<std::optional<ledger::DataPlace>> waiting{};
  /// One for each row, where the shard's table has captions; read on first use.
  std::vector<std::string> captions{};
  bool has_read_captions = false;
  /// One for each row with a sample, made on first use: where its image lies in `file`.
  std::vector<ByteRange> ranges{};
};

/// Errors: input_unreadable (no such folder).
[[nodiscard]] Result<BrowseFolders> open_browse_folders(FileSystem& files, const std::string& path);

/// Shows a shard's rows in order of key without holding them. Errors: state_damaged;
/// input_unreadable, where Arrow is missing; output_unwritable.
using VisitRow = std::function<void(const Row&)>;
[[nodiscard]] Result<> visit_done_rows(const BrowseFolders& folders,
                                       const ledger::ShardRecord& record, int digits,
                                       const VisitRow& visit);

/// Errors: state_damaged; input_unreadable, where Arrow is missing; output_unwritable.
[[nodiscard]] Result<BrowsedShard> load_done_shard(const BrowseFolders& folders,
                                                   const ledger::ShardRecord& record, int digits);
/// Errors: state_damaged, output_unwritable.
[[nodiscard]] Result<BrowsedShard> load_open_shard(const BrowseFolders& folders,
                                                   std::uint64_t shard);

/// Whether the samples of a done shard lie in a file of its own.
[[nodiscard]] bool has_sample_file(const ledger::ShardRecord& record);
/// Whether the folder holds the bytes of that row's image.
[[nodiscard]] bool has_image(const BrowsedShard& shard, std::size_t index);

/// The caption of a row of a done shard, by the shard's table; "" where there is none or it cannot
/// be read.
[[nodiscard]] std::string caption_of(const BrowseFolders& folders, BrowsedShard& shard, int digits,
                                     std::size_t index);

/// Those bytes, read by range. Errors: bad_option, when there are none; state_damaged;
/// output_unwritable; too_many_bytes above 64 MiB.
[[nodiscard]] Result<std::string> read_image(const BrowseFolders& folders, BrowsedShard& shard,
                                             std::size_t index);

}  // namespace pixhaul::pipeline
