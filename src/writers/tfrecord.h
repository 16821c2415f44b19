#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "writers/shard_file.h"

namespace pixhaul::writers {

/// The sum as TFRecord stores it.
[[nodiscard]] constexpr std::uint32_t masked_crc32c(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

/// A TFRecord shard: each sample is one record with a tf.train.Example. Its features, in this
/// order: `key`, EXT (the image), `txt` (where there are captions), then the members of the
/// sample's JSON: integers and truth values as int64, other numbers as float, lists by what they
/// hold, everything else as bytes, null as "". A member never takes the image's or caption's name.
class TfrecordFile final : public ShardFile {
 public:
  /// `file` outlives this.
  explicit TfrecordFile(WritableFile& file) : out_(file) {}

  [[nodiscard]] Result<> add(const SampleParts& sample) override;
  [[nodiscard]] Result<FileFacts> finish() override;

 private:
  SummedFile out_;
  std::string front_;  // reused: the record up to the image's bytes
  std::string back_;   // reused: the features behind them
};

}  // namespace pixhaul::writers
