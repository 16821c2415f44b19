#include "ledger/layout.h"

#include <fmt/core.h>

#include <charconv>

#include "base/check.h"

namespace pixhaul::ledger {

ShardLayout::ShardLayout(std::uint32_t samples_per_shard, int shard_digits)
    : samples_per_shard_(samples_per_shard), shard_digits_(shard_digits) {
  PIXHAUL_CHECK(samples_per_shard > 0);
  for (; power_ < samples_per_shard; power_ *= 10) ++digits_;
}

std::string ShardLayout::key(std::uint64_t index) const {
  return fmt::format("{:0{}}", shard_of(index) * power_ + position_of(index),
                     digits_ + shard_digits_);
}

std::string ShardLayout::shard_name(std::uint64_t shard) const {
  return ledger::shard_name(shard, shard_digits_);
}

std::string shard_name(std::uint64_t shard, int digits) {
  return fmt::format("{:0{}}", shard, digits);
}

std::optional<std::uint64_t> parse_shard_name(std::string_view name, int digits) {
  std::uint64_t shard = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, shard);
  if (error != std::errc() || stop != end || shard_name(shard, digits) != name) return std::nullopt;
  return shard;
}

}  // namespace pixhaul::ledger
