#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/file.h"
#include "base/summed_file.h"

namespace pixhaul::writers {

/// What a shard's file holds. `facts` are of the bytes as they were read.
struct ShardContents {
  FileFacts facts{};
  std::uint64_t samples = 0;
};

/// A sample's image in the file it was read from. Valid during the call.
struct StoredImage {
  std::string_view key{};
  std::string_view extension{};
  std::uint64_t offset = 0;  ///< of its bytes in the file
  std::span<const std::byte> bytes{};
};

/// Called with each sample's image; an error it gives ends the check with that error.
using ImageVisitor = std::function<Result<>(const StoredImage& image)>;

/// Reads a tar to its end and finds every truncation: a member's header, bytes or padding that is
/// not there, a sample without its image or JSON, missing end blocks, bytes behind them. Tars of
/// img2dataset pass too. Damage inside members shows in the sum, which the caller compares.
/// Errors: state_damaged, saying where; output_unwritable, where the disk cannot be read.
[[nodiscard]] Result<ShardContents> check_tar(const RandomAccessFile& file,
                                              const ImageVisitor& visit = {});

/// Reads a TFRecord file to its end; each record's sums and its example are checked. A file cut
/// between two records shows in the number of samples, which the caller compares.
/// Errors: as check_tar.
[[nodiscard]] Result<ShardContents> check_tfrecord(const RandomAccessFile& file,
                                                   const ImageVisitor& visit = {});

/// The check for a shard file with that extension: "tar", "tfrecord". Errors: as check_tar;
/// bad_option for any other.
[[nodiscard]] Result<ShardContents> check_shard_file(std::string_view extension,
                                                     const RandomAccessFile& file,
                                                     const ImageVisitor& visit = {});

}  // namespace pixhaul::writers
