#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "readers/compressed.h"
#include "readers/text.h"

namespace {

class FuzzFile final : public pixhaul::ReadableFile {
 public:
  FuzzFile(std::span<const std::byte> bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  pixhaul::Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), step_, bytes_.size()});
    std::memcpy(into.data(), bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return count;
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t step_;
};

}  // namespace

// The first byte chooses the decoder and how the bytes are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] / 3u + 1u;
  std::unique_ptr<pixhaul::ReadableFile> file =
      std::make_unique<FuzzFile>(std::as_bytes(std::span(data + 1, size - 1)), step);
  if (data[0] % 3 == 1) file = pixhaul::readers::make_gzip_file(std::move(file), "l.gz");
  if (data[0] % 3 == 2) file = pixhaul::readers::make_zstd_file(std::move(file), "l.zst");
  pixhaul::readers::TextReader reader(std::move(file), "l");
  pixhaul::readers::RawRow row;
  std::uint64_t line = 0;
  for (;;) {
    const pixhaul::Result<bool> got = reader.next(row);
    if (!got || !*got) return 0;
    PIXHAUL_CHECK(row.line > line && row.text.size() <= pixhaul::readers::kMaxLineBytes);
    PIXHAUL_CHECK(!row.problem.empty() || row.text.find('\0') == row.text.npos);
    PIXHAUL_CHECK(row.text.find('\n') == row.text.npos);
    line = row.line;
  }
}
