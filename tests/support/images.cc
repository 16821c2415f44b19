#include "support/images.h"

#include <webp/encode.h>
#include <zlib.h>

// jpeglib.h uses FILE and size_t without including them.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
//
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/random.h"

// Pictures that any decoder takes, made without the code under test: a gradient with a little
// noise, so that sizes are like photographs'. Each format is padded to an exact size in the way its
// specification provides for.

namespace pixhaul::testing {
namespace {

using Pixels = std::vector<std::uint8_t>;  // height × width × 3, RGB, rows tight

Pixels draw(const ImageRequest& request) {
  Random random(request.seed);
  const std::uint64_t base = random.next();
  Pixels pixels(std::size_t{request.width} * request.height * 3);
  std::size_t at = 0;
  for (std::uint32_t y = 0; y < request.height; ++y) {
    for (std::uint32_t x = 0; x < request.width; ++x) {
      const std::uint64_t noise = random.next();
      pixels[at++] = static_cast<std::uint8_t>(x * 200 / request.width + (noise & 31));
      pixels[at++] = static_cast<std::uint8_t>(y * 200 / request.height + ((noise >> 8) & 31));
      pixels[at++] = static_cast<std::uint8_t>((base & 127) + ((noise >> 16) & 31));
    }
  }
  return pixels;
}

void put_le16(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value & 255);
  out += static_cast<char>((value >> 8) & 255);
}
void put_le32(std::string& out, std::uint32_t value) {
  put_le16(out, value & 0xffff);
  put_le16(out, value >> 16);
}
void put_be32(std::string& out, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((value >> shift) & 255);
}

std::string encode_jpeg(const ImageRequest& request) {
  Pixels pixels = draw(request);
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_width = request.width;
  jpeg.image_height = request.height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 85, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = pixels.data() + std::size_t{jpeg.next_scanline} * request.width * 3;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string out(memory, memory + size);
  std::free(memory);
  return out;
}

// COM segments of at most 65,535 counted bytes straight after SOI. ITU-T T.81 §B.1.1.2: "Any marker
// may optionally be preceded by any number of fill bytes", which gives the last 1 to 3.
std::optional<std::string> pad_jpeg(std::string file, std::uint64_t extra,
                                    const ImageRequest& /*of*/) {
  std::string padding;
  while (extra - padding.size() >= 4) {
    const std::uint64_t counted = std::min<std::uint64_t>(extra - padding.size() - 2, 65535);
    padding += "\xff\xfe";
    padding += static_cast<char>(counted >> 8);
    padding += static_cast<char>(counted & 255);
    padding.append(counted - 2, 'p');
  }
  padding.append(extra - padding.size(), '\xff');
  return file.insert(2, padding);
}

std::string png_chunk(std::string_view type, std::string_view data) {
  std::string out;
  put_be32(out, static_cast<std::uint32_t>(data.size()));
  std::string covered = std::string(type) + std::string(data);
  const auto* bytes = reinterpret_cast<const Bytef*>(covered.data());
  const auto crc = static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(covered.size())));
  out += covered;
  put_be32(out, crc);
  return out;
}

constexpr std::size_t kPngHeadBytes = 8 + 12 + 13;

std::string encode_png(const ImageRequest& request) {
  const Pixels pixels = draw(request);
  std::string rows;
  const std::size_t stride = std::size_t{request.width} * 3;
  for (std::uint32_t y = 0; y < request.height; ++y) {
    rows += '\0';
    const auto row = pixels.begin() + static_cast<std::ptrdiff_t>(y * stride);
    rows.append(row, row + static_cast<std::ptrdiff_t>(stride));
  }
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(rows.data()), rows.size(), 1);
  packed.resize(size);
  std::string header;
  put_be32(header, request.width);
  put_be32(header, request.height);
  header += std::string_view("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("IDAT", packed) +
         png_chunk("IEND", "");
}

// A private ancillary safe-to-copy chunk after IHDR.
std::optional<std::string> pad_png(std::string file, std::uint64_t extra,
                                   const ImageRequest& /*of*/) {
  if (extra < 12) return std::nullopt;
  return file.insert(kPngHeadBytes, png_chunk("paDd", std::string(extra - 12, 'p')));
}

std::string encode_bmp(const ImageRequest& request) {
  const Pixels pixels = draw(request);
  const std::size_t stride = (std::size_t{request.width} * 3 + 3) & ~std::size_t{3};
  const auto image_bytes = static_cast<std::uint32_t>(stride * request.height);
  std::string out = "BM";
  put_le32(out, 54 + image_bytes);
  put_le32(out, 0);
  put_le32(out, 54);
  put_le32(out, 40);
  put_le32(out, request.width);
  put_le32(out, request.height);
  put_le16(out, 1);
  put_le16(out, 24);
  put_le32(out, 0);
  put_le32(out, image_bytes);
  out.append(16, '\0');
  for (std::uint32_t y = request.height; y-- > 0;) {
    const std::uint8_t* row = pixels.data() + std::size_t{y} * request.width * 3;
    for (std::uint32_t x = 0; x < request.width; ++x) {
      for (const int channel : {2, 1, 0}) out += static_cast<char>(row[x * 3 + channel]);
    }
    out.append(stride - std::size_t{request.width} * 3, '\0');
  }
  return out;
}

// A gap between the headers and the pixels, which bfOffBits jumps over.
std::optional<std::string> pad_bmp(std::string file, std::uint64_t extra,
                                   const ImageRequest& /*of*/) {
  std::string numbers;
  put_le32(numbers, static_cast<std::uint32_t>(file.size() + extra));
  file.replace(2, 4, numbers);
  numbers.clear();
  put_le32(numbers, static_cast<std::uint32_t>(54 + extra));
  file.replace(10, 4, numbers);
  return file.insert(54, std::string(extra, '\0'));
}

// Gives variable-width LZW codes as GIF's sub-blocks of at most 255 bytes.
class GifCodes {
 public:
  void put(std::uint32_t code) {
    bits_ |= code << bit_count_;
    bit_count_ += 9;
    while (bit_count_ >= 8) {
      bytes_ += static_cast<char>(bits_ & 255);
      bits_ >>= 8;
      bit_count_ -= 8;
    }
  }
  std::string sub_blocks() {
    if (bit_count_ > 0) bytes_ += static_cast<char>(bits_ & 255);
    std::string out;
    for (std::size_t at = 0; at < bytes_.size(); at += 255) {
      const std::size_t size = std::min<std::size_t>(255, bytes_.size() - at);
      out += static_cast<char>(size);
      out.append(bytes_, at, size);
    }
    return out + '\0';
  }

 private:
  std::string bytes_;
  std::uint32_t bits_ = 0;
  unsigned bit_count_ = 0;
};

constexpr std::size_t kGifHeadBytes = 13 + 768;

// A clear code before the table outgrows nine bits keeps every code at nine: valid LZW, no
// compressor.
std::string encode_gif(const ImageRequest& request) {
  const Pixels pixels = draw(request);
  std::string out = "GIF89a";
  put_le16(out, request.width);
  put_le16(out, request.height);
  out += std::string_view("\xf7\0\0", 3);
  for (int i = 0; i < 256; ++i) out.append(3, static_cast<char>(i));
  out += ',';
  put_le32(out, 0);
  put_le16(out, request.width);
  put_le16(out, request.height);
  out += std::string_view("\0\x08", 2);
  GifCodes codes;
  for (std::size_t i = 0; i < pixels.size() / 3; ++i) {
    if (i % 250 == 0) codes.put(256);
    codes.put(pixels[i * 3]);
  }
  codes.put(257);
  return out + codes.sub_blocks() + ';';
}

std::optional<std::string> pad_gif(std::string file, std::uint64_t extra,
                                   const ImageRequest& /*of*/) {
  if (extra < 3) return std::nullopt;
  std::string comment = "\x21\xfe";
  std::uint64_t left = extra - 3;
  while (left > 0) {
    // A sub-block takes its length byte and at least one of data, so never leave one byte over.
    std::uint64_t size = std::min<std::uint64_t>(left - 1, 255);
    if (left - 1 - size == 1) --size;
    if (size == 0) return std::nullopt;
    comment += static_cast<char>(size);
    comment.append(size, 'p');
    left -= size + 1;
  }
  comment += '\0';
  return file.insert(kGifHeadBytes, comment);
}

std::string encode_webp(const ImageRequest& request) {
  const Pixels pixels = draw(request);
  std::uint8_t* memory = nullptr;
  const std::size_t size = WebPEncodeRGB(pixels.data(), static_cast<int>(request.width),
                                         static_cast<int>(request.height),
                                         static_cast<int>(request.width) * 3, 80.0F, &memory);
  std::string out(memory, memory + size);
  WebPFree(memory);
  return out;
}

// The extended format: VP8X before the picture, an unknown chunk after it.
std::optional<std::string> pad_webp(std::string file, std::uint64_t extra, const ImageRequest& of) {
  if (extra < 26 || extra % 2 != 0) return std::nullopt;
  std::string header = "VP8X";
  put_le32(header, 10);
  put_le32(header, 0);
  for (const std::uint32_t side : {of.width - 1, of.height - 1}) {
    put_le16(header, side & 0xffff);
    header += static_cast<char>(side >> 16);
  }
  const auto padding = static_cast<std::uint32_t>(extra - 18 - 8);
  std::string tail = "paDd";
  put_le32(tail, padding);
  tail.append(padding, 'p');
  std::string total;
  put_le32(total, static_cast<std::uint32_t>(file.size() + extra - 8));
  return file.replace(4, 4, total).insert(12, header) + tail;
}

struct Format {
  std::string_view extension;
  std::string_view media_type;
  std::string (*encode)(const ImageRequest&);
  std::optional<std::string> (*pad)(std::string file, std::uint64_t extra, const ImageRequest&);
};

constexpr std::array kFormats = {
    Format{"jpg", "image/jpeg", encode_jpeg, pad_jpeg},
    Format{"jpeg", "image/jpeg", encode_jpeg, pad_jpeg},
    Format{"png", "image/png", encode_png, pad_png},
    Format{"webp", "image/webp", encode_webp, pad_webp},
    Format{"gif", "image/gif", encode_gif, pad_gif},
    Format{"bmp", "image/bmp", encode_bmp, pad_bmp},
};

const Format* find_format(std::string_view extension) {
  for (const Format& format : kFormats) {
    if (format.extension == extension) return &format;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> make_image(const ImageRequest& request) {
  constexpr std::uint32_t kMostSide = 16383;  // WebP's
  const Format* format = find_format(request.format);
  if (format == nullptr || request.width == 0 || request.height == 0) return std::nullopt;
  if (request.width > kMostSide || request.height > kMostSide) return std::nullopt;
  std::string file = format->encode(request);
  if (request.bytes == 0 || request.bytes == file.size()) return file;
  if (request.bytes < file.size()) return std::nullopt;
  const std::uint64_t extra = request.bytes - file.size();
  return format->pad(std::move(file), extra, request);
}

std::string_view media_type_of(std::string_view format) {
  const Format* found = find_format(format);
  return found == nullptr ? "application/octet-stream" : found->media_type;
}

}  // namespace pixhaul::testing
