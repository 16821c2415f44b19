#include "image/bmp.h"

#include <algorithm>
#include <array>
#include <bit>

#include "image/probe_bmp.h"

// A decoder of our own, as there is no library that does only this. The header is read into numbers
// that are checked once; behind that, rows are expanded by one function a bit depth, and the two
// run-length forms by one reader. Indices without a colour are black, pixels that a run-length file
// leaves out have the first colour, as in other readers.

namespace pixhaul::image {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::size_t kMasksAt =
    kFileHeader + 40;  // inside the header or behind it, the same place
constexpr std::uint32_t kCoreHeader = 12;
constexpr std::uint32_t kInfoHeader = 40;

enum Compression : std::uint32_t {
  plain = 0,
  rle8 = 1,
  rle4 = 2,
  bit_fields = 3,
  alpha_bit_fields = 6,
};

struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// A channel inside a 16 or 32-bit pixel.
struct Field {
  std::uint32_t mask = 0;

  /// 0 to 255 of the field's own range.
  std::uint8_t of(std::uint32_t pixel) const {
    const int shift = std::countr_zero(mask);
    const std::uint64_t most = mask >> shift;
    const std::uint64_t value = (pixel & mask) >> shift;
    return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
  }
};

struct Header {
  std::uint32_t info_length = 0;
  Dimensions size{};
  bool is_top_down = false;
  std::uint32_t bits = 0;
  std::uint32_t compression = plain;
  std::uint32_t color_count = 0;
  std::uint32_t pixels_at = 0;
};

std::unexpected<Error> fail(ErrorCode code, std::string_view detail) {
  return std::unexpected(Error{.code = code, .detail = "BMP: " + std::string(detail)});
}
std::unexpected<Error> ends_early() {
  return fail(ErrorCode::truncated, "ends before its last pixel");
}

// BITMAPCOREHEADER or BITMAPINFOHEADER; the fields of both are laid out in probe_bmp.cc.
Result<Header> read_header(Bytes bytes) {
  if (bytes.size() < kFileHeader + kCoreHeader) return ends_early();
  if (byte_at(bytes, 0) != 'B' || byte_at(bytes, 1) != 'M') {
    return fail(ErrorCode::decode_error, "no BM at its start");
  }
  Header header{.info_length = little_32(bytes, kFileHeader), .pixels_at = little_32(bytes, 10)};
  if (!BmpWalker::is_info_length(header.info_length)) {
    return fail(ErrorCode::decode_error, "an info header of unknown length");
  }
  if (bytes.size() < kFileHeader + header.info_length) return ends_early();
  header.pixels_at =
      std::max(header.pixels_at, static_cast<std::uint32_t>(kFileHeader) + header.info_length);
  if (header.info_length == kCoreHeader) {
    header.size = {little_16(bytes, 18), little_16(bytes, 20)};
    header.bits = little_16(bytes, 24);
    return header;
  }
  const auto width = static_cast<std::int32_t>(little_32(bytes, 18));
  const std::int64_t height = static_cast<std::int32_t>(little_32(bytes, 22));
  if (width < 0) return fail(ErrorCode::decode_error, "a negative width");
  header.size = {static_cast<std::uint32_t>(width),
                 static_cast<std::uint32_t>(height < 0 ? -height : height)};
  header.is_top_down = height < 0;
  header.bits = little_16(bytes, 28);
  if (header.info_length >= kInfoHeader) {
    header.compression = little_32(bytes, 30);
    header.color_count = little_32(bytes, 46);
  }
  return header;
}

// Which bit counts go with which compression; OS/2's Huffman and RLE24, embedded JPEG and PNG are
// refused by name.
Result<> check_coding(const Header& header) {
  const std::uint32_t bits = header.bits;
  const bool is_os2 = header.info_length == 64;
  bool is_good = false;
  switch (header.compression) {
    case plain:
      is_good = bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 || bits == 24 ||
                bits == 32;
      break;
    case rle8:
      is_good = bits == 8;
      break;
    case rle4:
      is_good = bits == 4;
      break;
    case bit_fields:
    case alpha_bit_fields:
      is_good = !is_os2 && (bits == 16 || bits == 32);
      break;
    default:
      return fail(ErrorCode::unsupported_format, "this compression is not decoded");
  }
  if (is_os2 && header.compression == bit_fields) {
    return fail(ErrorCode::unsupported_format, "Huffman compression is not decoded");
  }
  if (!is_good) return fail(ErrorCode::decode_error, "a bit count that its compression excludes");
  return {};
}

using Palette = std::array<Color, 256>;

/// Between the headers and the pixels, blue first; entries of three bytes behind a core header.
Palette read_palette(Bytes bytes, const Header& header) {
  const std::size_t entry = header.info_length == kCoreHeader ? 3 : 4;
  const std::size_t begin = kFileHeader + header.info_length;
  const std::size_t end = std::min<std::size_t>(header.pixels_at, bytes.size());
  const std::size_t most = std::size_t{1} << header.bits;
  const std::size_t stated = header.color_count == 0 ? most : header.color_count;
  const std::size_t room = end > begin ? (end - begin) / entry : 0;
  const std::size_t count = std::min({stated, most, room});
  Palette palette{};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = begin + i * entry;
    palette[i] = {byte_at(bytes, at + 2), byte_at(bytes, at + 1), byte_at(bytes, at)};
  }
  return palette;
}

/// Red, green, blue, alpha; a mask of zero where there is no such channel.
Result<std::array<Field, 4>> read_fields(Bytes bytes, const Header& header) {
  if (header.compression == plain) {
    if (header.bits == 16) return std::array<Field, 4>{{{0x7C00}, {0x03E0}, {0x001F}, {0}}};
    return std::array<Field, 4>{{{0xFF0000}, {0xFF00}, {0xFF}, {0}}};
  }
  const bool has_alpha = header.compression == alpha_bit_fields || header.info_length >= 56;
  if (bytes.size() < kMasksAt + (has_alpha ? 16 : 12)) return ends_early();
  std::array<Field, 4> fields{};
  for (std::size_t i = 0; i < (has_alpha ? 4 : 3); ++i) {
    fields[i].mask = little_32(bytes, kMasksAt + 4 * i);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (fields[i].mask == 0) return fail(ErrorCode::decode_error, "a colour without a bit mask");
  }
  return fields;
}

void put(std::span<std::uint8_t> row, std::size_t x, const Color& color) {
  row[x * 3] = color.red;
  row[x * 3 + 1] = color.green;
  row[x * 3 + 2] = color.blue;
}

// 1, 2, 4 and 8 bits: the leftmost pixel stands in the highest bits.
void expand_indices(Bytes from, std::uint32_t bits, const Palette& palette,
                    std::span<std::uint8_t> row) {
  const std::size_t in_byte = 8 / bits;
  const std::uint32_t mask = (1u << bits) - 1;
  for (std::size_t x = 0; x < row.size() / 3; ++x) {
    const auto shift = static_cast<std::uint32_t>(8 - bits * (x % in_byte + 1));
    put(row, x, palette[byte_at(from, x / in_byte) >> shift & mask]);
  }
}

void expand_24(Bytes from, std::span<std::uint8_t> row) {
  for (std::size_t x = 0; x < row.size() / 3; ++x) {
    put(row, x, {byte_at(from, x * 3 + 2), byte_at(from, x * 3 + 1), byte_at(from, x * 3)});
  }
}

void expand_fields(Bytes from, std::uint32_t bits, const std::array<Field, 4>& fields,
                   std::size_t channels, std::span<std::uint8_t> row) {
  for (std::size_t x = 0; x < row.size() / channels; ++x) {
    const std::uint32_t pixel = bits == 16 ? little_16(from, x * 2) : little_32(from, x * 4);
    for (std::size_t i = 0; i < channels; ++i) row[x * channels + i] = fields[i].of(pixel);
  }
}

/// Calls `expand(bytes of a row, its pixels)` for each row, "padded to a multiple of four bytes".
template <class Expand>
Result<Image> read_rows(Bytes bytes, const Header& header, std::uint32_t channels, Expand expand) {
  const std::uint64_t row_bytes = (std::uint64_t{header.size.width} * header.bits + 7) / 8;
  const std::uint64_t stride = (row_bytes + 3) / 4 * 4;
  const std::uint64_t height = header.size.height;
  if (header.pixels_at + (height - 1) * stride + row_bytes > bytes.size()) return ends_early();
  Image image(header.size.width, header.size.height, channels);
  for (std::uint32_t i = 0; i < image.height(); ++i) {
    const std::uint32_t y = header.is_top_down ? i : image.height() - 1 - i;
    expand(bytes.subspan(header.pixels_at + i * stride, row_bytes), image.row(y));
  }
  return image;
}

/// The run-length forms: pairs of a count and a value, and escapes behind a count of zero.
class RunReader {
 public:
  RunReader(Bytes runs, const Header& header, const Palette& palette)
      : runs_(runs),
        header_(header),
        palette_(palette),
        image_(header.size.width, header.size.height, 3) {
    for (std::uint32_t row = 0; row < image_.height(); ++row) {
      for (std::size_t x = 0; x < image_.width(); ++x) put(image_.row(row), x, palette_[0]);
    }
  }

  Result<Image> read() {
    while (!at_end_) {
      if (runs_.size() < 2) {
        // Some writers leave the end mark out; nothing is lost when the last row is whole.
        if (y_ < image_.height()) return ends_early();
        break;
      }
      const std::uint8_t count = byte_at(runs_, 0);
      const std::uint8_t value = byte_at(runs_, 1);
      runs_ = runs_.subspan(2);
      auto taken = count > 0 ? run(count, value) : escape(value);
      if (!taken) return std::unexpected(std::move(taken).error());
    }
    return std::move(image_);
  }

 private:
  // BMP compression, "Encoded mode": RLE4 gives two indices that take turns.
  Result<> run(std::uint8_t count, std::uint8_t value) {
    for (std::uint8_t i = 0; i < count; ++i) {
      if (!put_index(header_.bits == 8 ? value : i % 2 == 0 ? value >> 4 : value & 15)) {
        return overrun();
      }
    }
    return {};
  }

  // "0: end of line; 1: end of bitmap; 2: delta"; more: that many indices as they are.
  Result<> escape(std::uint8_t value) {
    switch (value) {
      case 0:
        x_ = 0;
        ++y_;
        return {};
      case 1:
        at_end_ = true;
        return {};
      case 2:
        if (runs_.size() < 2) return ends_early();
        x_ += byte_at(runs_, 0);
        y_ += byte_at(runs_, 1);
        runs_ = runs_.subspan(2);
        return {};
      default:
        return absolute(value);
    }
  }

  // "Absolute mode": padded to a multiple of two bytes.
  Result<> absolute(std::uint8_t count) {
    const std::size_t length = header_.bits == 8 ? count : (count + 1u) / 2;
    const std::size_t padded = length + length % 2;
    if (runs_.size() < length) return ends_early();
    for (std::uint8_t i = 0; i < count; ++i) {
      const std::uint8_t byte = byte_at(runs_, header_.bits == 8 ? i : i / 2);
      if (!put_index(header_.bits == 8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15)) {
        return overrun();
      }
    }
    runs_ = runs_.subspan(std::min(padded, runs_.size()));
    return {};
  }

  bool put_index(int index) {
    if (x_ >= image_.width() || y_ >= image_.height()) return false;
    const std::uint32_t row = header_.is_top_down ? y_ : image_.height() - 1 - y_;
    put(image_.row(row), x_++, palette_[static_cast<std::size_t>(index)]);
    return true;
  }

  static std::unexpected<Error> overrun() {
    return fail(ErrorCode::decode_error, "a run of pixels leaves its row");
  }

  Bytes runs_;  // what is left
  const Header& header_;
  const Palette& palette_;
  Image image_;
  std::uint32_t x_ = 0;
  std::uint32_t y_ = 0;  // in the file's order; at most 255 × the file's size above the height
  bool at_end_ = false;
};

Result<Image> read_pixels(Bytes bytes, const Header& header) {
  if (header.pixels_at > bytes.size()) return ends_early();
  if (header.bits == 24) return read_rows(bytes, header, 3, expand_24);
  if (header.bits <= 8) {
    const Palette palette = read_palette(bytes, header);
    if (header.compression != plain) {
      return RunReader(bytes.subspan(header.pixels_at), header, palette).read();
    }
    return read_rows(bytes, header, 3, [&](Bytes from, std::span<std::uint8_t> row) {
      expand_indices(from, header.bits, palette, row);
    });
  }
  const auto fields = read_fields(bytes, header);
  if (!fields) return std::unexpected(fields.error());
  const std::uint32_t channels = (*fields)[3].mask != 0 ? 4 : 3;
  return read_rows(bytes, header, channels, [&](Bytes from, std::span<std::uint8_t> row) {
    expand_fields(from, header.bits, *fields, channels, row);
  });
}

}  // namespace

Result<Decoded> BmpCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  const auto header = read_header(bytes);
  if (!header) return std::unexpected(header.error());
  if (auto good = check_coding(*header); !good) return std::unexpected(std::move(good).error());
  if (header->size.width == 0 || header->size.height == 0) {
    return fail(ErrorCode::decode_error, "a picture without pixels");
  }
  if (auto allowed = check_dimensions(header->size, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  auto image = read_pixels(bytes, *header);
  if (!image) return std::unexpected(std::move(image).error());
  return Decoded{.image = std::move(*image)};
}

}  // namespace pixhaul::image
