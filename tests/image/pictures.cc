#include "image/pictures.h"

#include <avif/avif.h>
#include <gif_lib.h>
#include <png.h>
#include <webp/encode.h>

#include <cstdio>
#include <cstdlib>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "base/check.h"
#include "image/samples.h"

namespace pixhaul::image {
namespace {

constexpr auto kWidth = Picture::kWidth;
constexpr auto kHeight = Picture::kHeight;

std::string as_string(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What `samples(color)` appends for each pixel.
template <class Samples>
std::vector<std::uint8_t> draw(Samples samples) {
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t y = 0; y < kHeight; ++y) {
    for (std::uint32_t x = 0; x < kWidth; ++x) {
      for (const int value : samples(Picture::kColors[Picture::quarter(x, y)])) {
        bytes.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return bytes;
}

using Color = Picture::Color;
std::vector<int> rgb(const Color& c) { return {c[0], c[1], c[2]}; }
std::vector<int> rgba(const Color& c) { return {c[0], c[1], c[2], c[3]}; }
std::vector<int> grey(const Color& c) { return {grey_of(c)}; }
std::vector<int> inks(const Color& c) { return {255 - c[0], 255 - c[1], 255 - c[2], 0}; }
// As programs of Adobe store inks: inverted.
std::vector<int> adobe_inks(const Color& c) { return {c[0], c[1], c[2], 255}; }

std::vector<std::uint8_t> indices() {
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t y = 0; y < kHeight; ++y) {
    for (std::uint32_t x = 0; x < kWidth; ++x) {
      bytes.push_back(static_cast<std::uint8_t>(Picture::quarter(x, y)));
    }
  }
  return bytes;
}

struct JpegKind {
  std::vector<int> (*samples)(const Color&);
  J_COLOR_SPACE in;
  J_COLOR_SPACE stored;
  bool progressive = false;
  bool adobe = true;
  bool arithmetic = false;
};

std::string make_picture_jpeg(const JpegKind& kind) {
  std::vector<std::uint8_t> pixels = draw(kind.samples);
  const std::size_t channels = pixels.size() / (kWidth * kHeight);
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* output = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &output, &size);
  jpeg.image_width = kWidth;
  jpeg.image_height = kHeight;
  jpeg.input_components = static_cast<int>(channels);
  jpeg.in_color_space = kind.in;
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, kind.stored);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg.arith_code = kind.arithmetic ? TRUE : FALSE;
  if (!kind.adobe) jpeg.write_Adobe_marker = FALSE;
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < kHeight) {
    JSAMPROW row = pixels.data() + jpeg.next_scanline * kWidth * channels;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string bytes = as_string(output, size);
  std::free(output);
  return bytes;
}

struct PngKind {
  int color_type = PNG_COLOR_TYPE_RGB;
  int depth = 8;
  int interlace = PNG_INTERLACE_NONE;
  bool transparent = false;  // tRNS for the last of the palette
};

/// Rows as the kind wants them, 16-bit samples with a low byte that rounding must not carry over.
std::vector<std::uint8_t> png_samples(const PngKind& kind) {
  switch (kind.color_type) {
    case PNG_COLOR_TYPE_PALETTE:
      return indices();
    case PNG_COLOR_TYPE_GRAY:
      return draw(grey);
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return draw([](const Color& c) { return std::vector<int>{grey_of(c), c[3]}; });
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return draw(rgba);
    default:
      if (kind.depth == 8) return draw(rgb);
      return draw(
          [](const Color& c) { return std::vector<int>{c[0], c[0], c[1], c[1], c[2], c[2]}; });
  }
}

std::string make_picture_png(const PngKind& kind) {
  std::vector<std::uint8_t> samples = png_samples(kind);
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, std::size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))->append(as_string(data, size));
      },
      nullptr);
  png_set_IHDR(png, info, kWidth, kHeight, kind.depth, kind.color_type, kind.interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette;
  for (const Color& c : Picture::kColors) palette.push_back({c[0], c[1], c[2]});
  png_byte alpha[] = {255, 255, 255, Picture::kColors[3][3]};
  if (kind.color_type == PNG_COLOR_TYPE_PALETTE) {
    png_set_PLTE(png, info, palette.data(), 4);
    if (kind.transparent) png_set_tRNS(png, info, alpha, 4, nullptr);
  }
  png_write_info(png, info);
  if (kind.depth < 8) png_set_packing(png);
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t y = 0; y < kHeight; ++y) {
      png_write_row(png, samples.data() + y * samples.size() / kHeight);
    }
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

enum class Webp : std::uint8_t { lossy, lossless, lossless_alpha, lossy_alpha };

std::string make_picture_webp(Webp kind) {
  const std::vector<std::uint8_t> opaque = draw(rgb);
  const std::vector<std::uint8_t> alpha = draw(rgba);
  std::uint8_t* output = nullptr;
  std::size_t size = 0;
  constexpr int kColumns = kWidth;
  constexpr int kRows = kHeight;
  switch (kind) {
    case Webp::lossy:
      size = WebPEncodeRGB(opaque.data(), kColumns, kRows, kColumns * 3, 95, &output);
      break;
    case Webp::lossless:
      size = WebPEncodeLosslessRGB(opaque.data(), kColumns, kRows, kColumns * 3, &output);
      break;
    case Webp::lossy_alpha:
      size = WebPEncodeRGBA(alpha.data(), kColumns, kRows, kColumns * 4, 95, &output);
      break;
    case Webp::lossless_alpha:
      size = WebPEncodeLosslessRGBA(alpha.data(), kColumns, kRows, kColumns * 4, &output);
      break;
  }
  PIXHAUL_CHECK(size > 0);
  std::string bytes = as_string(output, size);
  WebPFree(output);
  return bytes;
}

/// The chunks of a frame, from a still file that may have a VP8X header.
std::string frame_chunks(const std::string& file) {
  const std::size_t first = file.compare(12, 4, "VP8X") == 0 ? 12 + 18 : 12;
  return file.substr(first);
}

std::string make_animated_picture_webp() {
  const std::string canvas = little(2, 4) + little(kWidth - 1, 3) + little(kHeight - 1, 3);
  const std::string head =
      little(0, 6) + little(kWidth - 1, 3) + little(kHeight - 1, 3) + little(100, 4);
  const std::string first = head + frame_chunks(make_picture_webp(Webp::lossless));
  return riff_file(riff_chunk("VP8X", canvas) + riff_chunk("ANIM", little(0, 6)) +
                   riff_chunk("ANMF", first) + riff_chunk("ANMF", first));
}

struct GifKind {
  bool interlaced = false;
  int frames = 1;
};

std::string make_picture_gif(const GifKind& kind) {
  std::string bytes;
  int error = 0;
  GifFileType* gif = EGifOpen(
      &bytes,
      [](GifFileType* file, const GifByteType* data, int size) {
        static_cast<std::string*>(file->UserData)
            ->append(as_string(data, static_cast<std::size_t>(size)));
        return size;
      },
      &error);
  PIXHAUL_CHECK(gif != nullptr);
  std::array<GifColorType, 4> colors;
  for (std::size_t i = 0; i < 4; ++i) {
    const Color& c = Picture::kColors[i];
    colors[i] = {c[0], c[1], c[2]};
  }
  ColorMapObject* map = GifMakeMapObject(4, colors.data());
  EGifPutScreenDesc(gif, kWidth, kHeight, 8, 0, map);
  std::vector<std::uint8_t> pixels = indices();
  for (int frame = 0; frame < kind.frames; ++frame) {
    EGifPutImageDesc(gif, 0, 0, kWidth, kHeight, kind.interlaced, nullptr);
    if (frame > 0) pixels.assign(pixels.size(), 1);
    const std::array<std::pair<int, int>, 4> passes = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    for (const auto& [first, step] : passes) {
      for (int y = kind.interlaced ? first : 0; y < int{kHeight}; y += kind.interlaced ? step : 1) {
        EGifPutLine(gif, pixels.data() + y * int{kWidth}, kWidth);
      }
      if (!kind.interlaced) break;
    }
  }
  GifFreeMapObject(map);
  PIXHAUL_CHECK(EGifCloseFile(gif, &error) == GIF_OK);
  return bytes;
}

std::string make_picture_avif(int depth, bool alpha, int frames) {
  avifEncoder* encoder = avifEncoderCreate();
  encoder->speed = AVIF_SPEED_FASTEST;
  avifImage* image = avifImageCreate(kWidth, kHeight, depth, AVIF_PIXEL_FORMAT_YUV444);
  for (int frame = 0; frame < frames; ++frame) {
    std::vector<std::uint8_t> pixels = alpha ? draw(rgba) : draw(rgb);
    if (frame > 0) pixels.assign(pixels.size(), 0);
    avifRGBImage source;
    avifRGBImageSetDefaults(&source, image);
    source.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    source.depth = 8;
    source.pixels = pixels.data();
    source.rowBytes = kWidth * (alpha ? 4 : 3);
    PIXHAUL_CHECK(avifImageRGBToYUV(image, &source) == AVIF_RESULT_OK);
    avifEncoderAddImage(encoder, image, 1,
                        frames > 1 ? AVIF_ADD_IMAGE_FLAG_NONE : AVIF_ADD_IMAGE_FLAG_SINGLE);
  }
  avifRWData output = AVIF_DATA_EMPTY;
  PIXHAUL_CHECK(avifEncoderFinish(encoder, &output) == AVIF_RESULT_OK);
  std::string bytes = as_string(output.data, output.size);
  avifRWDataFree(&output);
  avifEncoderDestroy(encoder);
  avifImageDestroy(image);
  return bytes;
}

// ---- BMP, byte by byte

struct BmpKind {
  std::uint32_t bits = 24;
  std::uint32_t compression = 0;
  std::array<std::uint32_t, 4> masks{};
  bool top_down = false;
  std::uint32_t info_length = 40;
};

std::uint64_t pack(const Color& c, const BmpKind& kind) {
  const std::array<std::uint32_t, 4> plain =
      kind.bits == 16 ? std::array<std::uint32_t, 4>{0x7C00, 0x3E0, 0x1F, 0}
                      : std::array<std::uint32_t, 4>{0xFF0000, 0xFF00, 0xFF, 0};
  const auto& masks = kind.compression == 0 ? plain : kind.masks;
  std::uint64_t pixel = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (masks[i] == 0) continue;
    const int shift = __builtin_ctz(masks[i]);
    const std::uint64_t most = masks[i] >> shift;
    pixel |= (c[i] * most + 127) / 255 << shift;
  }
  return pixel;
}

std::string bmp_row(std::uint32_t y, const BmpKind& kind) {
  std::string row;
  std::uint32_t carried = 0;
  for (std::uint32_t x = 0; x < kWidth; ++x) {
    const auto quarter = static_cast<std::uint32_t>(Picture::quarter(x, y));
    const Color& c = Picture::kColors[quarter];
    if (kind.bits >= 16) {
      row += little(pack(c, kind), static_cast<int>(kind.bits / 8));
      continue;
    }
    carried = carried << kind.bits | (kind.bits == 1 ? quarter % 2 : quarter);
    if ((x + 1) * kind.bits % 8 == 0) row.push_back(static_cast<char>(carried));
  }
  return row + std::string((4 - row.size() % 4) % 4, '\0');
}

/// A row in both modes: half as a run, half as it stands.
std::string rle_row(std::uint32_t y, std::uint32_t bits) {
  const auto index = [&](std::uint32_t x) { return static_cast<char>(Picture::quarter(x, y)); };
  const auto twice = [&](char i) { return static_cast<char>(bits == 8 ? i : i << 4 | i); };
  std::string row = {static_cast<char>(kWidth / 2), twice(index(0)), '\0',
                     static_cast<char>(kWidth / 2 - 1)};
  const std::size_t length = bits == 8 ? kWidth / 2 - 1 : kWidth / 4;
  row += std::string(length, twice(index(kWidth - 1)));
  row += std::string(length % 2, '\0');
  return row + '\1' + twice(index(kWidth - 1)) + std::string(2, '\0');
}

std::string make_picture_bmp(const BmpKind& kind) {
  const bool is_rle = kind.compression == 1 || kind.compression == 2;
  std::string pixels;
  for (std::uint32_t i = 0; i < kHeight; ++i) {
    const std::uint32_t y = kind.top_down ? i : kHeight - 1 - i;
    pixels += is_rle ? rle_row(y, kind.bits) : bmp_row(y, kind);
  }
  if (is_rle) pixels += std::string("\0\1", 2);
  std::string masks;
  if (kind.compression == 3) {
    for (std::size_t i = 0; i < (kind.info_length == 40 ? 3 : 4); ++i) {
      masks += little(kind.masks[i], 4);
    }
  }
  std::string palette;
  if (kind.bits <= 8) {
    for (const Color& c : Picture::kColors) palette += little(c[2] | c[1] << 8 | c[0] << 16, 4);
    if (kind.bits == 1) palette.resize(8);
  }
  const std::uint32_t colors = static_cast<std::uint32_t>(palette.size() / 4);
  const std::uint64_t rows = kind.top_down ? 0x100000000 - kHeight : kHeight;
  std::string info = little(kind.info_length, 4) + little(kWidth, 4) + little(rows, 4) +
                     little(1, 2) + little(kind.bits, 2) + little(kind.compression, 4) +
                     little(pixels.size(), 4) + little(0, 8) + little(colors, 4) + little(0, 4) +
                     masks;
  if (info.size() < kind.info_length) info.resize(kind.info_length, '\0');
  const std::size_t pixels_at = 14 + info.size() + palette.size();
  return "BM" + little(pixels_at + pixels.size(), 4) + little(0, 4) + little(pixels_at, 4) + info +
         palette + pixels;
}

}  // namespace

std::uint8_t grey_of(const Picture::Color& color) {
  return static_cast<std::uint8_t>((color[0] * 299 + color[1] * 587 + color[2] * 114) / 1000);
}

std::vector<EncodedPicture> encoded_pictures() {
  using enum Expected;
  constexpr auto kJpeg = ImageFormat::jpeg;
  constexpr auto kPng = ImageFormat::png;
  constexpr auto kWebp = ImageFormat::webp;
  constexpr auto kGif = ImageFormat::gif;
  constexpr auto kAvif = ImageFormat::avif;
  constexpr auto kBmp = ImageFormat::bmp;
  const auto jpeg = make_picture_jpeg;
  const auto png = make_picture_png;
  const auto bmp = make_picture_bmp;
  constexpr int kAdam7 = PNG_INTERLACE_ADAM7;
  return {
      {"jpeg_ycbcr", kJpeg, rgb, 4, true, jpeg({image::rgb, JCS_RGB, JCS_YCbCr})},
      {"jpeg_progressive", kJpeg, rgb, 4, true, jpeg({image::rgb, JCS_RGB, JCS_YCbCr, true})},
      {"jpeg_arithmetic", kJpeg, rgb, 4, true,
       jpeg({image::rgb, JCS_RGB, JCS_YCbCr, false, true, true})},
      {"jpeg_rgb", kJpeg, rgb, 4, true, jpeg({image::rgb, JCS_RGB, JCS_RGB})},
      {"jpeg_grey", kJpeg, grey, 3, true, jpeg({image::grey, JCS_GRAYSCALE, JCS_GRAYSCALE})},
      {"jpeg_cmyk", kJpeg, rgb, 4, true, jpeg({adobe_inks, JCS_CMYK, JCS_CMYK})},
      {"jpeg_ycck", kJpeg, rgb, 5, true, jpeg({adobe_inks, JCS_CMYK, JCS_YCCK})},
      {"jpeg_cmyk_not_adobe", kJpeg, rgb, 4, true, jpeg({inks, JCS_CMYK, JCS_CMYK, false, false})},
      {"png_rgb", kPng, rgb, 0, true, png({})},
      {"png_rgb_interlaced", kPng, rgb, 0, true, png({.interlace = kAdam7})},
      {"png_rgb_16", kPng, rgb, 0, true, png({.depth = 16})},
      {"png_rgb_16_interlaced", kPng, rgb, 0, true, png({.depth = 16, .interlace = kAdam7})},
      {"png_alpha", kPng, rgb_alpha, 0, true, png({.color_type = PNG_COLOR_TYPE_RGB_ALPHA})},
      {"png_grey", kPng, grey, 0, true, png({.color_type = PNG_COLOR_TYPE_GRAY})},
      {"png_grey_alpha", kPng, grey_alpha, 0, true, png({.color_type = PNG_COLOR_TYPE_GRAY_ALPHA})},
      {"png_palette", kPng, rgb, 0, true, png({.color_type = PNG_COLOR_TYPE_PALETTE})},
      {"png_palette_2_interlaced", kPng, rgb, 0, true,
       png({.color_type = PNG_COLOR_TYPE_PALETTE, .depth = 2, .interlace = kAdam7})},
      {"png_palette_alpha", kPng, rgb_alpha, 0, true,
       png({.color_type = PNG_COLOR_TYPE_PALETTE, .depth = 4, .transparent = true})},
      {"webp_lossy", kWebp, rgb, 12, true, make_picture_webp(Webp::lossy)},
      {"webp_lossless", kWebp, rgb, 0, true, make_picture_webp(Webp::lossless)},
      {"webp_lossy_alpha", kWebp, rgb_alpha, 12, true, make_picture_webp(Webp::lossy_alpha)},
      {"webp_lossless_alpha", kWebp, rgb_alpha, 0, true, make_picture_webp(Webp::lossless_alpha)},
      {"webp_animated", kWebp, rgb, 0, false, make_animated_picture_webp()},
      {"gif_still", kGif, rgb, 0, true, make_picture_gif({})},
      {"gif_interlaced", kGif, rgb, 0, true, make_picture_gif({.interlaced = true})},
      {"gif_animated", kGif, rgb, 0, false, make_picture_gif({.frames = 3})},
      {"avif_still", kAvif, rgb, 8, true, make_picture_avif(8, false, 1)},
      {"avif_10_bit", kAvif, rgb, 8, true, make_picture_avif(10, false, 1)},
      {"avif_alpha", kAvif, rgb_alpha, 8, true, make_picture_avif(8, true, 1)},
      {"avif_sequence", kAvif, rgb, 8, false, make_picture_avif(8, false, 3)},
      {"bmp_2", kBmp, rgb, 0, true, bmp({.bits = 2})},
      {"bmp_4", kBmp, rgb, 0, true, bmp({.bits = 4})},
      {"bmp_8", kBmp, rgb, 0, true, bmp({.bits = 8})},
      {"bmp_16", kBmp, rgb, 4, true, bmp({.bits = 16})},
      {"bmp_24", kBmp, rgb, 0, true, bmp({.bits = 24})},
      {"bmp_24_top_down", kBmp, rgb, 0, true, bmp({.bits = 24, .top_down = true})},
      {"bmp_32", kBmp, rgb, 0, true, bmp({.bits = 32})},
      {"bmp_565", kBmp, rgb, 4, true,
       bmp({.bits = 16, .compression = 3, .masks = {0xF800, 0x7E0, 0x1F}})},
      {"bmp_v4_alpha", kBmp, rgb_alpha, 0, true,
       bmp({.bits = 32,
            .compression = 3,
            .masks = {0xFF, 0xFF00, 0xFF0000, 0xFF000000},
            .info_length = 108})},
      {"bmp_rle8", kBmp, rgb, 0, true, bmp({.bits = 8, .compression = 1})},
      {"bmp_rle4", kBmp, rgb, 0, true, bmp({.bits = 4, .compression = 2})},
  };
}

}  // namespace pixhaul::image
