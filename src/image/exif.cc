#include "image/exif.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "image/probe.h"
#include "image/tiff_structure.h"

// Where each container keeps its EXIF tags, and the one of them that changes pixels. The walks
// follow lengths from the file, every one of which is held against what is left.

namespace pixhaul::image {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExifMark = "Exif\0\0"sv;
constexpr std::uint16_t kOrientationTag = 0x0112;
constexpr std::uint16_t kShort = 3;
constexpr std::size_t kMostEntries = 1000;

bool begins_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

Bytes without_mark(Bytes bytes) {
  return begins_with(bytes, kExifMark) ? bytes.subspan(kExifMark.size()) : bytes;
}

// ITU T.81 §B.1.1: a marker is 0xFF and a code, may be filled up with 0xFF, and is followed by a
// length that counts itself. The tags stand before the first scan.
Bytes find_in_jpeg(Bytes file) {
  constexpr std::uint8_t kStartOfScan = 0xDA;
  constexpr std::uint8_t kEndOfImage = 0xD9;
  constexpr std::uint8_t kApp1 = 0xE1;
  std::size_t at = 2;
  while (file.size() - at >= 4 && byte_at(file, at) == 0xFF) {
    const std::uint8_t code = byte_at(file, at + 1);
    if (code == 0xFF) {
      ++at;
      continue;
    }
    if (code == kStartOfScan || code == kEndOfImage) break;
    const std::size_t length = big_16(file, at + 2);
    if (length < 2 || length > file.size() - at - 2) break;
    const Bytes payload = file.subspan(at + 4, length - 2);
    if (code == kApp1 && begins_with(payload, kExifMark)) return without_mark(payload);
    at += 2 + length;
  }
  return {};
}

// PNG §5.3: length, type, data, CRC. PNG Extensions: eXIf may stand anywhere between IHDR and IEND.
Bytes find_in_png(Bytes file) {
  constexpr std::size_t kSignature = 8;
  constexpr std::size_t kFrame = 12;
  std::size_t at = kSignature;
  while (file.size() - at >= kFrame) {
    const std::size_t length = big_32(file, at);
    if (length > file.size() - at - kFrame) break;
    const Bytes type = file.subspan(at + 4, 4);
    if (begins_with(type, "eXIf")) return without_mark(file.subspan(at + 8, length));
    if (begins_with(type, "IEND")) break;
    at += kFrame + length;
  }
  return {};
}

// RFC 9649 §2.3 and §2.7.1.5: chunks of type, length and data padded to even; one of them is EXIF.
Bytes find_in_webp(Bytes file) {
  constexpr std::size_t kRiffHeader = 12;
  constexpr std::size_t kChunkHeader = 8;
  std::size_t at = kRiffHeader;
  while (at <= file.size() && file.size() - at >= kChunkHeader) {
    const std::size_t length = little_32(file, at + 4);
    if (length > file.size() - at - kChunkHeader) break;
    if (begins_with(file.subspan(at), "EXIF")) {
      return without_mark(file.subspan(at + kChunkHeader, length));
    }
    at += kChunkHeader + length + length % 2;
  }
  return {};
}

ImageFormat format_of(Bytes file) {
  Probe probe;
  probe.feed(file.first(std::min<std::size_t>(file.size(), kMostTaken)));
  return probe.format();
}

}  // namespace

Bytes find_exif(Bytes file) {
  Bytes exif;
  switch (format_of(file)) {
    case ImageFormat::jpeg:
      exif = find_in_jpeg(file);
      break;
    case ImageFormat::png:
      exif = find_in_png(file);
      break;
    case ImageFormat::webp:
      exif = find_in_webp(file);
      break;
    case ImageFormat::tiff:
      return file;
    default:
      break;
  }
  return exif.first(std::min(exif.size(), kMostExif));
}

Orientation exif_orientation(Bytes file) {
  const auto tiff = TiffStructure::open(find_exif(file));
  if (!tiff) return Orientation::top_left;
  for (const TiffEntry& entry : tiff->entries(tiff->first_directory(), kMostEntries)) {
    if (entry.tag != kOrientationTag || entry.type != kShort || entry.count == 0) continue;
    const std::uint64_t value = tiff->number(entry.value_at, 2).value_or(0);
    if (value < 1 || value > 8) break;
    return static_cast<Orientation>(value);
  }
  return Orientation::top_left;
}

}  // namespace pixhaul::image
