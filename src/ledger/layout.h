#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pixhaul::ledger {

inline constexpr int kShardDigits = 5;

/// How rows fall into shards, and what both are called. Mirrors img2dataset 1.47's `compute_key`
/// and shard names: `shard_digits` (its oom_shard_count) for the shard, then ceil(log10(samples per
/// shard)) for the row in it. Immutable.
class ShardLayout {
 public:
  /// REQUIRES: samples_per_shard > 0.
  explicit ShardLayout(std::uint32_t samples_per_shard, int shard_digits = kShardDigits);

  [[nodiscard]] std::uint32_t samples_per_shard() const { return samples_per_shard_; }
  [[nodiscard]] std::uint64_t shard_of(std::uint64_t index) const {
    return index / samples_per_shard_;
  }
  [[nodiscard]] std::uint32_t position_of(std::uint64_t index) const {
    return static_cast<std::uint32_t>(index % samples_per_shard_);
  }
  [[nodiscard]] std::uint64_t first_index(std::uint64_t shard) const {
    return shard * samples_per_shard_;
  }
  /// "00017": what the shard's files are called.
  [[nodiscard]] std::string shard_name(std::uint64_t shard) const;
  [[nodiscard]] int shard_digits() const { return shard_digits_; }
  /// "000000017" for row 17 with 10,000 samples per shard.
  [[nodiscard]] std::string key(std::uint64_t index) const;

 private:
  std::uint32_t samples_per_shard_;
  int shard_digits_;
  int digits_ = 0;
  std::uint64_t power_ = 1;  // 10 ^ digits_
};

/// "00017"; wider where the number needs more digits.
[[nodiscard]] std::string shard_name(std::uint64_t shard, int digits = kShardDigits);
/// The shard of that name; nullopt for any other text.
[[nodiscard]] std::optional<std::uint64_t> parse_shard_name(std::string_view name,
                                                            int digits = kShardDigits);

}  // namespace pixhaul::ledger
