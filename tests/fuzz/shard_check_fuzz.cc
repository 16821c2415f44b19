// A tar and a TFRecord file from a stranger: the first byte says which.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/check.h"
#include "writers/shard_check.h"

namespace {

class Bytes final : public pixhaul::RandomAccessFile {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  pixhaul::Result<std::size_t> read_at(std::uint64_t offset,
                                       std::span<std::byte> into) const override {
    const std::size_t at = std::min<std::uint64_t>(offset, bytes_.size());
    const std::size_t count = std::min(into.size(), bytes_.size() - at);
    if (count > 0) std::memcpy(into.data(), bytes_.data() + at, count);
    return count;
  }
  pixhaul::Result<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes file(std::span(data, size).subspan(1));
  const auto visit = [&](const pixhaul::writers::StoredImage& image) -> pixhaul::Result<> {
    PIXHAUL_CHECK(image.offset + image.bytes.size() <= size - 1);
    return {};
  };
  const auto result =
      pixhaul::writers::check_shard_file((data[0] & 1) != 0 ? "tar" : "tfrecord", file, visit);
  if (result) PIXHAUL_CHECK(result->facts.bytes == size - 1);
  return 0;
}
