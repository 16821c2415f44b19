// Any bytes as a tar of samples: no read outside it, an end within its length, and no image that
// does not lie in it.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "readers/sample_tar.h"

namespace {

class FuzzFile final : public pixhaul::ReadableFile {
 public:
  explicit FuzzFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  pixhaul::Result<std::size_t> read(std::span<std::byte>) override { return std::size_t{0}; }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  bool is_seekable() const override { return true; }
  pixhaul::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const auto from = bytes_.subspan(static_cast<std::size_t>(offset));
    const std::size_t count = std::min(into.size(), from.size());
    if (count > 0) std::memcpy(into.data(), from.data(), count);
    return count;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  std::deque<std::optional<pixhaul::readers::BodyPlace>> places;
  const auto lines =
      pixhaul::readers::make_sample_lines(std::make_unique<FuzzFile>(bytes), "t", places);
  std::array<std::byte, 4096> block;
  std::size_t ends = 0;
  for (;;) {
    const auto count = lines->read(block);
    if (!count || *count == 0) break;
    ends += static_cast<std::size_t>(
        std::count(block.begin(), block.begin() + *count, std::byte{'\n'}));
  }
  PIXHAUL_CHECK(ends <= places.size() && places.size() <= ends + 1);
  for (const auto& place : places) {
    if (place) PIXHAUL_CHECK(place->length <= size && place->offset <= size - place->length);
  }
  return 0;
}
