#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "ledger/assembly.h"
#include "pixhaul/options.h"
#include "writers/sample_status.h"
#include "writers/writer.h"

namespace pixhaul::pipeline {

/// Which files a shard consists of.
struct OutputSettings {
  OutputFormat format = OutputFormat::files;
  MetadataFormat metadata = MetadataFormat::jsonl;  ///< resolved: never automatic
  writers::StatusStyle status_style = writers::StatusStyle::ours;
  std::string hash_name{};  ///< "sha256", "" for none
  bool exif = false;
  std::string image_column = "jpg";  ///< of a parquet shard
  std::string extension{};           ///< of every sample; "" if each says its own
  bool has_side_files = false;       ///< beside each image its JSON and its caption, by its key
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
  /// `clock` and `side_files`, which writes what stands beside images, outlive the assembler.
  Assembler(OutputSettings settings, const Clock& clock, writers::SampleWriter& side_files)
      : settings_(std::move(settings)), clock_(clock), side_files_(side_files) {}

  /// `started`: when the shard's first row was read. Errors: disk_full, output_unwritable,
  /// state_damaged; input_unreadable when Arrow is missing.
  [[nodiscard]] Result<> publish(ledger::Assembly& assembly, std::string input_digest,
                                 WallTime started) const;

 private:
  const OutputSettings settings_;
  const Clock& clock_;
  writers::SampleWriter& side_files_;
};

}  // namespace pixhaul::pipeline
