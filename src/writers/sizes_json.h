#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pixhaul::writers {

/// A shard's file and the samples in it.
struct ShardSize {
  std::string name{};  ///< "00000.tar"
  std::uint64_t samples = 0;
};

/// sizes.json, which loaders ask for lengths: {"00000.tar": 123}, one shard a line.
[[nodiscard]] std::string sizes_json(std::span<const ShardSize> shards);

/// The names as a loader's pattern: "{00000..01199}.tar"; where numbers are missing or get a digit
/// more, several parts with webdataset's "::" between them; "" for none.
/// REQUIRES: shards are in ascending order, their names digits and one common extension.
[[nodiscard]] std::string brace_pattern(std::span<const ShardSize> shards);

}  // namespace pixhaul::writers
