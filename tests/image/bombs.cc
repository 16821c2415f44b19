#include "image/bombs.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "image/samples.h"

namespace pixhaul::image {
namespace {

using namespace std::string_literals;

/// `count` zero bytes through deflate.
std::string deflated_zeros(std::uint64_t count) {
  z_stream stream{};
  PIXHAUL_CHECK(deflateInit(&stream, Z_BEST_SPEED) == Z_OK);
  std::vector<Bytef> zeros(1 << 20);
  std::vector<Bytef> output(1 << 16);
  std::string compressed;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      stream.next_in = zeros.data();
      stream.avail_in = static_cast<uInt>(std::min<std::uint64_t>(count, zeros.size()));
      count -= stream.avail_in;
    }
    stream.next_out = output.data();
    stream.avail_out = static_cast<uInt>(output.size());
    state = deflate(&stream, count == 0 ? Z_FINISH : Z_NO_FLUSH);
    compressed.append(reinterpret_cast<const char*>(output.data()),
                      output.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return compressed;
}

std::string png_of_zeros(std::uint32_t width, std::uint32_t height, std::uint8_t depth,
                         std::uint8_t color_type, std::uint64_t row_bytes) {
  constexpr char kPalette = 3;
  std::string header = big(width, 4) + big(height, 4);
  header += {static_cast<char>(depth), static_cast<char>(color_type), 0, 0, 0};
  std::string file = "\x89PNG\r\n\x1A\n"s + png_chunk("IHDR", header);
  if (color_type == kPalette) file += png_chunk("PLTE", "\0\0\0\xFF\xFF\xFF"s);
  return file + png_chunk("IDAT", deflated_zeros(height * (row_bytes + 1))) + png_chunk("IEND", "");
}

/// Bits from the top of each byte, 0xFF followed by a zero byte as in a JPEG's scan.
class BitWriter {
 public:
  void put(std::uint32_t bits, int count) {
    for (int i = count - 1; i >= 0; --i) {
      byte_ = static_cast<std::uint8_t>(byte_ << 1 | (bits >> i & 1));
      if (++filled_ == 8) flush();
    }
  }
  std::string take() {
    while (filled_ != 0) put(1, 1);
    return std::move(out_);
  }

 private:
  void flush() {
    out_ += static_cast<char>(byte_);
    if (byte_ == 0xFF) out_ += '\0';
    filled_ = 0;
  }

  std::string out_{};
  std::uint8_t byte_ = 0;
  int filled_ = 0;
};

/// A table of one code, a single 0 bit, for `symbol`.
std::string huffman_table(std::uint8_t kind, std::uint8_t symbol) {
  return segment(0xC4, std::string(1, static_cast<char>(kind)) + "\1"s + std::string(15, '\0') +
                           std::string(1, static_cast<char>(symbol)));
}

}  // namespace

std::string png_bomb(std::uint32_t width, std::uint32_t height) {
  return png_of_zeros(width, height, 1, 3, (width + 7) / 8);
}

std::string png_16_bit_bomb(std::uint32_t side) {
  return png_of_zeros(side, side, 16, 2, std::uint64_t{side} * 6);
}

// ITU T.81: a first scan whose every block has no difference to the one before (§G.1.2.1), and then
// scans of coefficients 1 to 63 that are runs of ended blocks, 32767 at a time (§G.1.2.2).
std::string jpeg_scan_bomb(std::uint32_t side, std::uint32_t scans) {
  constexpr std::uint32_t kLongestRun = 32'767;
  constexpr std::uint8_t kRunOfBlocks = 0xE0;  // EOB14: 14 bits of length follow
  PIXHAUL_CHECK(side % 8 == 0);
  const std::uint32_t blocks = side / 8 * (side / 8);

  BitWriter dc;
  for (std::uint32_t i = 0; i < blocks; ++i) dc.put(0, 1);
  BitWriter ac;
  std::uint32_t left = blocks;
  while (left > 0) {
    // The last run may reach over the picture's end, where a decoder does not look.
    ac.put(0, 1);
    ac.put(kLongestRun - 16'384, 14);
    left -= std::min(left, kLongestRun);
  }
  const std::string ac_scan = segment(0xDA, "\1\1\0\1\x3F\0"s) + ac.take();

  std::string file = "\xFF\xD8"s + segment(0xDB, "\0"s + std::string(64, '\1')) +
                     segment(0xC2, "\x08"s + big(side, 2) + big(side, 2) + "\1\1\x11\0"s) +
                     huffman_table(0x00, 0) + huffman_table(0x10, kRunOfBlocks) +
                     segment(0xDA, "\1\1\0\0\0\0"s) + dc.take();
  for (std::uint32_t i = 0; i < scans; ++i) file += ac_scan;
  return file + "\xFF\xD9"s;
}

std::string gif_bomb(std::uint32_t side, std::uint32_t frames) {
  std::string file = "GIF89a"s + little(side, 2) + little(side, 2) + "\x80\0\0\0\0\0\xFF\xFF\xFF"s;
  for (std::uint32_t i = 0; i < frames; ++i) file += ",\0\0\0\0\1\0\1\0\0\2\2D\1\0"s;
  return file + ";";
}

}  // namespace pixhaul::image
