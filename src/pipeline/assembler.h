#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "ledger/assembly.h"
#include "pixhaul/options.h"
#include "writers/sample_status.h"

namespace pixhaul::pipeline {

/// Which files a shard consists of.
struct OutputSettings {
  OutputFormat format = OutputFormat::files;
  MetadataFormat metadata = MetadataFormat::jsonl;  ///< resolved: never automatic
  writers::StatusStyle status_style = writers::StatusStyle::ours;
  std::string hash_name{};  ///< "sha256", "" for none
  bool exif = false;
  std::string image_column = "jpg";  ///< of a parquet shard
  bool has_captions = false;         ///< the list has a caption column
  std::string hash_column{};         ///< column that only held expected digests; "" for none
};

/// Samples lie in files of the shard rather than in files of their own.
[[nodiscard]] bool is_dataset(OutputFormat format);

/// Of the file that holds a shard's samples: "tar"; "" for formats that are no datasets.
[[nodiscard]] std::string_view shard_extension(OutputFormat format);

/// Makes a finished shard's files from its spool, in order of key, and makes them visible: samples,
/// metadata, the rows' own table, the stats last. What it writes, but for the rows' own table and
/// the stats, is a function of the responses alone. One thread; takes seconds.
class Assembler {
 public:
  /// `clock` outlives the assembler.
  Assembler(OutputSettings settings, const Clock& clock)
      : settings_(std::move(settings)), clock_(clock) {}

  /// `started`: when the shard's first row was read. Errors: disk_full, output_unwritable,
  /// state_damaged; input_unreadable when Arrow is missing.
  [[nodiscard]] Result<> publish(ledger::Assembly& assembly, std::string input_digest,
                                 WallTime started) const;

 private:
  const OutputSettings settings_;
  const Clock& clock_;
};

}  // namespace pixhaul::pipeline
