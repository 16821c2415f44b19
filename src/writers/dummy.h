#pragma once

#include "writers/writer.h"

namespace pixhaul::writers {

/// Keeps nothing: for measuring, and for runs that only want the rows.
class DummyWriter final : public SampleWriter {
 public:
  [[nodiscard]] Result<std::string> append(const SampleName& name, std::string_view extension,
                                           std::span<const std::byte> bytes) override;
  [[nodiscard]] Result<std::unique_ptr<SampleStream>> begin(const SampleName& name) override;
  [[nodiscard]] Result<> remove(std::string_view path) override;
  [[nodiscard]] Result<> sweep(std::string_view shard,
                               const std::unordered_set<std::string>& kept) override;
};

}  // namespace pixhaul::writers
