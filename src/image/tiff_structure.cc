#include "image/tiff_structure.h"

#include <algorithm>
#include <array>

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kEntryBytes = 12;
constexpr std::uint32_t kInlineBytes = 4;  // a value that is not longer stands in its entry

// TIFF 6.0 §2, "Types": BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG,
// SRATIONAL, FLOAT, DOUBLE; Technical Note 1 adds IFD.
constexpr std::array<std::uint8_t, 14> kTypeBytes = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

}  // namespace

std::uint32_t tiff_type_bytes(std::uint16_t type) {
  return type < kTypeBytes.size() ? kTypeBytes[type] : 0;
}

std::optional<TiffStructure> TiffStructure::open(Bytes bytes) {
  if (bytes.size() < 8 || bytes[0] != bytes[1]) return std::nullopt;
  const std::uint8_t order = byte_at(bytes, 0);
  if (order != 'I' && order != 'M') return std::nullopt;
  return TiffStructure(bytes, order == 'M');
}

std::optional<std::uint64_t> TiffStructure::number(std::uint64_t at, std::uint32_t length) const {
  if (at > bytes_.size() || length > bytes_.size() - at) return std::nullopt;
  std::uint64_t value = 0;
  for (std::uint32_t i = 0; i < length; ++i) {
    value = value << 8 | byte_at(bytes_, at + (is_big_ ? i : length - 1 - i));
  }
  return value;
}

Bytes TiffStructure::bytes(std::uint64_t at, std::uint64_t length) const {
  if (at >= bytes_.size()) return {};
  return bytes_.subspan(at, std::min<std::uint64_t>(length, bytes_.size() - at));
}

std::uint32_t TiffStructure::first_directory() const {
  return static_cast<std::uint32_t>(number(4, 4).value_or(0));
}

std::uint32_t TiffStructure::next_directory(std::uint32_t directory) const {
  const auto count = number(directory, 2);
  if (!count) return 0;
  const std::uint64_t at = std::uint64_t{directory} + 2 + *count * kEntryBytes;
  return static_cast<std::uint32_t>(number(at, 4).value_or(0));
}

std::vector<TiffEntry> TiffStructure::entries(std::uint32_t directory, std::size_t most) const {
  std::vector<TiffEntry> entries;
  const std::size_t count = std::min<std::size_t>(number(directory, 2).value_or(0), most);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t at = std::uint64_t{directory} + 2 + i * kEntryBytes;
    const auto inline_value = number(at + 8, kInlineBytes);
    if (!inline_value) break;
    TiffEntry entry{.tag = static_cast<std::uint16_t>(*number(at, 2)),
                    .type = static_cast<std::uint16_t>(*number(at + 2, 2)),
                    .count = static_cast<std::uint32_t>(*number(at + 4, 4)),
                    .value_at = at + 8};
    const std::uint64_t size = std::uint64_t{entry.count} * tiff_type_bytes(entry.type);
    if (size > kInlineBytes) entry.value_at = *inline_value;
    if (tiff_type_bytes(entry.type) != 0) entries.push_back(entry);
  }
  return entries;
}

}  // namespace pixhaul::image
