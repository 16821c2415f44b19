#include "writers/dummy.h"

namespace pixhaul::writers {

namespace {

class DummyStream final : public SampleStream {
 public:
  Result<> write(std::span<const std::byte> /*bytes*/) override { return {}; }
  Result<std::string> finish(std::string_view /*extension*/) override { return std::string(); }
  void abort() override {}
};

}  // namespace

Result<std::string> DummyWriter::append(const SampleName& /*name*/, std::string_view /*extension*/,
                                        std::span<const std::byte> /*bytes*/) {
  return std::string();
}

Result<std::unique_ptr<SampleStream>> DummyWriter::begin(const SampleName& /*name*/) {
  return std::make_unique<DummyStream>();
}

Result<> DummyWriter::remove(std::string_view /*path*/) { return {}; }

Result<> DummyWriter::sweep(std::string_view /*shard*/,
                            const std::unordered_set<std::string>& /*kept*/) {
  return {};
}

}  // namespace pixhaul::writers
