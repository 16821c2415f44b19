#include <algorithm>

#include "base/check.h"
#include "image/samples.h"

namespace pixhaul::image {
namespace {

using namespace std::string_literals;

std::uint32_t crc_32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char letter : text) {
    crc ^= static_cast<std::uint8_t>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
  }
  return ~crc;
}

std::string make_bmp(std::uint32_t width, std::int32_t height, std::uint32_t bits,
                     std::uint32_t compression, std::string_view palette, std::string_view pixels) {
  const std::string info = little(40, 4) + little(width, 4) +
                           little(static_cast<std::uint32_t>(height), 4) + little(1, 2) +
                           little(bits, 2) + little(compression, 4) +
                           little(compression == 0 ? 0 : pixels.size(), 4) + std::string(16, '\0');
  const std::size_t pixels_at = 14 + info.size() + palette.size();
  return "BM"s + little(pixels_at + pixels.size(), 4) + little(0, 4) + little(pixels_at, 4) + info +
         std::string(palette) + std::string(pixels);
}

/// With the 12-byte header of OS/2: 2 × 4 pixels of 24 bits, rows of 6 bytes padded to 8.
std::string make_core_bmp() {
  const std::string pixels(8 * 4, '\x55');
  return "BM"s + little(26 + pixels.size(), 4) + little(0, 4) + little(26, 4) + little(12, 4) +
         little(2, 2) + little(4, 2) + little(1, 2) + little(24, 2) + pixels;
}

/// Writes a TIFF's numbers in one byte order and one size of offset.
struct TiffWriter {
  bool is_big_endian = false;
  bool is_big = false;

  std::string number(std::uint64_t value, int length) const {
    return is_big_endian ? big(value, length) : little(value, length);
  }
  std::size_t word() const { return is_big ? 8 : 4; }
  std::string offset(std::uint64_t value) const { return number(value, static_cast<int>(word())); }
  std::string header(std::uint64_t first) const {
    const std::string order = is_big_endian ? "MM" : "II";
    if (!is_big) return order + number(42, 2) + offset(first);
    return order + number(43, 2) + number(8, 2) + number(0, 2) + offset(first);
  }
  std::size_t header_length() const { return is_big ? 16 : 8; }
  /// `type` 3: SHORT, 4: LONG. A single number stands in the entry, others at `value`.
  std::string entry(std::uint64_t tag, int type, std::uint64_t count, std::uint64_t value) const {
    const std::string head =
        number(tag, 2) + number(static_cast<std::uint64_t>(type), 2) + offset(count);
    std::string last = count == 1 ? number(value, type == 3 ? 2 : 4) : offset(value);
    last.resize(word(), '\0');
    return head + last;
  }
  /// Four strips; the arrays of their places at `offsets_at` and `counts_at`.
  std::string directory(std::uint64_t offsets_at, std::uint64_t counts_at,
                        std::uint64_t next) const {
    return number(4, is_big ? 8 : 2) + entry(256, 3, 1, 24) + entry(257, 3, 1, 16) +
           entry(273, 4, 4, offsets_at) + entry(279, 4, 4, counts_at) + offset(next);
  }
  std::size_t directory_length() const { return is_big ? 8 + 4 * 20 + 8 : 2 + 4 * 12 + 4; }
};

constexpr std::uint64_t kStripLength = 96;
constexpr std::uint64_t kArrayLength = 16;
constexpr std::uint64_t kPixelsLength = 4 * kStripLength;

std::string strip_offsets(const TiffWriter& writer, std::uint64_t first) {
  std::string offsets;
  for (std::uint64_t i = 0; i < 4; ++i) offsets += writer.number(first + i * kStripLength, 4);
  return offsets;
}

std::string strip_counts(const TiffWriter& writer) {
  std::string counts;
  for (int i = 0; i < 4; ++i) counts += writer.number(kStripLength, 4);
  return counts;
}

/// Each page: directory, arrays, strips.
std::string make_tiff(const TiffWriter& writer, int page_count, bool are_counts_first) {
  std::string file = writer.header(writer.header_length());
  for (int page = 1; page <= page_count; ++page) {
    const std::uint64_t first_at = file.size() + writer.directory_length();
    const std::uint64_t second_at = first_at + kArrayLength;
    const std::uint64_t strips_at = second_at + kArrayLength;
    const std::uint64_t next = page == page_count ? 0 : strips_at + kPixelsLength;
    const std::string offsets = strip_offsets(writer, strips_at);
    const std::string counts = strip_counts(writer);
    file += are_counts_first ? writer.directory(second_at, first_at, next) + counts + offsets
                             : writer.directory(first_at, second_at, next) + offsets + counts;
    file += std::string(kPixelsLength, '\x33');
  }
  return file;
}

/// Strips, arrays, directory: as libtiff writes.
std::string make_directory_last_tiff(const TiffWriter& writer) {
  const std::uint64_t strips_at = writer.header_length();
  const std::uint64_t arrays_at = strips_at + kPixelsLength;
  return writer.header(arrays_at + 2 * kArrayLength) + std::string(kPixelsLength, '\x33') +
         strip_offsets(writer, strips_at) + strip_counts(writer) +
         writer.directory(arrays_at, arrays_at + kArrayLength, 0);
}

/// One strip, every number in its entry.
std::string make_one_strip_tiff(const TiffWriter& writer) {
  const std::uint64_t strip_at = writer.header_length() + writer.directory_length();
  return writer.header(writer.header_length()) + writer.number(4, 2) + writer.entry(256, 3, 1, 8) +
         writer.entry(257, 4, 1, 8) + writer.entry(273, 4, 1, strip_at) +
         writer.entry(279, 4, 1, 64) + writer.offset(0) + std::string(64, '\x44');
}

std::string make_extended_webp() {
  const std::string canvas = little(0, 4) + little(39, 3) + little(29, 3);
  return riff_file(riff_chunk("VP8X", canvas) + riff_chunk("ICCP", "abc") +
                   make_lossy_webp().substr(12) + riff_chunk("EXIF", "odd"));
}

std::string make_animated_webp() {
  const std::string canvas = little(2, 4) + little(99, 3) + little(79, 3);
  const std::string frame =
      little(0, 6) + little(39, 3) + little(29, 3) + little(100, 4) + make_lossy_webp().substr(12);
  return riff_file(riff_chunk("VP8X", canvas) + riff_chunk("ANIM", little(0, 6)) +
                   riff_chunk("ANMF", frame) + riff_chunk("ANMF", frame));
}

/// Its meta box has its parts in another order than libavif's, with 32-bit items, 15-bit property
/// indices and a decoy of other dimensions; mdat has an open or a 64-bit length.
std::string make_rearranged_avif(bool is_open_ended) {
  const std::string ftyp = box("ftyp", "mif1"s + big(0, 4) + "mif1miafavif");
  const auto ispe = [](std::uint32_t width, std::uint32_t height) {
    return box("ispe", big(0, 4) + big(width, 4) + big(height, 4));
  };
  const std::string ipco =
      box("ipco", ispe(9999, 9999) + box("pixi", big(0, 4) + "\1\x08"s) + ispe(70, 50));
  const std::string ipma =
      box("ipma", big(0x01000001, 4) + big(2, 4) + big(1, 4) + "\1"s + big(1, 2) + big(70000, 4) +
                      "\2"s + big(2, 2) + big(0x8003, 2));
  const auto iloc = [](std::uint64_t data_at) {
    return box("iloc", big(0x02000000, 4) + big(0x4440, 2) + big(1, 4) + big(70000, 4) + big(0, 2) +
                           big(0, 2) + big(data_at, 4) + big(2, 2) + big(0, 4) + big(100, 4) +
                           big(100, 4) + big(60, 4));
  };
  const auto meta = [&](std::uint64_t data_at) {
    return box("meta", big(0, 4) + box("iprp", ipco + ipma) + iloc(data_at) +
                           box("hdlr", big(0, 8) + "pict" + std::string(13, '\0')) +
                           box("pitm", big(0x01000000, 4) + big(70000, 4)));
  };
  const std::string mdat =
      is_open_ended ? big(0, 4) + "mdat" : big(1, 4) + "mdat" + big(16 + 160, 8);
  const std::uint64_t data_at = ftyp.size() + meta(0).size() + mdat.size();
  return ftyp + meta(data_at) + mdat + std::string(160, '\x66');
}

}  // namespace

std::string little(std::uint64_t value, int length) {
  std::string bytes;
  for (int i = 0; i < length; ++i) {
    bytes.push_back(static_cast<char>(i < 8 ? value >> (8 * i) : 0));
  }
  return bytes;
}

std::string big(std::uint64_t value, int length) {
  std::string bytes = little(value, length);
  std::ranges::reverse(bytes);
  return bytes;
}

std::string segment(std::uint8_t code, std::string_view payload) {
  return "\xFF"s + static_cast<char>(code) + big(payload.size() + 2, 2) + std::string(payload);
}

std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  return big(data.size(), 4) + body + big(crc_32(body), 4);
}

std::string riff_chunk(std::string_view type, std::string_view data) {
  return std::string(type) + little(data.size(), 4) + std::string(data) +
         std::string(data.size() % 2, '\0');
}

std::string riff_file(std::string_view chunks) {
  return "RIFF" + little(chunks.size() + 4, 4) + "WEBP" + std::string(chunks);
}

std::string box(std::string_view type, std::string_view content) {
  return big(content.size() + 8, 4) + std::string(type) + std::string(content);
}

std::vector<Sample> handmade_samples() {
  constexpr TiffWriter kLittle{};
  constexpr TiffWriter kBig{.is_big_endian = true};
  constexpr TiffWriter kBigTiff{.is_big = true};
  constexpr TiffWriter kBigEndianBigTiff{.is_big_endian = true, .is_big = true};
  const std::string palette(1024, '\x11');
  const std::string rows(16 * 3, '\x22');  // 3 rows of 5 pixels, padded from 15 bytes to 16
  return {
      {"webp_extended", ImageFormat::webp, 40, 30, make_extended_webp()},
      {"webp_animated", ImageFormat::webp, 100, 80, make_animated_webp()},
      {"avif_rearranged", ImageFormat::avif, 70, 50, make_rearranged_avif(false)},
      {"avif_open_ended", ImageFormat::avif, 70, 50, make_rearranged_avif(true)},
      {"bmp_24", ImageFormat::bmp, 5, 3, make_bmp(5, 3, 24, 0, "", rows)},
      {"bmp_top_down", ImageFormat::bmp, 5, 3, make_bmp(5, -3, 24, 0, "", rows)},
      {"bmp_palette", ImageFormat::bmp, 5, 3, make_bmp(5, 3, 8, 0, palette, rows.substr(0, 24))},
      {"bmp_rle", ImageFormat::bmp, 5, 3, make_bmp(5, 3, 8, 1, palette, "\x05\x01\0\0\0\1"s)},
      {"bmp_core", ImageFormat::bmp, 2, 4, make_core_bmp()},
      {"tiff_little", ImageFormat::tiff, 24, 16, make_tiff(kLittle, 1, false)},
      {"tiff_counts_first", ImageFormat::tiff, 24, 16, make_tiff(kLittle, 1, true)},
      {"tiff_big", ImageFormat::tiff, 24, 16, make_tiff(kBig, 1, false)},
      {"tiff_directory_last", ImageFormat::tiff, 24, 16, make_directory_last_tiff(kLittle)},
      {"tiff_two_pages", ImageFormat::tiff, 24, 16, make_tiff(kBig, 2, false)},
      {"tiff_one_strip", ImageFormat::tiff, 8, 8, make_one_strip_tiff(kBig)},
      {"bigtiff", ImageFormat::tiff, 24, 16, make_tiff(kBigTiff, 1, false)},
      {"bigtiff_big", ImageFormat::tiff, 24, 16, make_directory_last_tiff(kBigEndianBigTiff)},
  };
}

Sample sample(std::string_view name) {
  for (const auto& list : {encoded_samples(), handmade_samples()}) {
    const auto found = std::ranges::find(list, name, &Sample::name);
    if (found != list.end()) return *found;
  }
  PIXHAUL_CHECK(!"a sample of that name");
  return {};
}

}  // namespace pixhaul::image
