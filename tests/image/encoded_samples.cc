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

/// RGB, 8 bit, rows without gaps: a gradient with `noise` of 255 parts from a fixed generator.
std::vector<std::uint8_t> make_pixels(std::uint32_t width, std::uint32_t height, int noise) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(std::size_t{width} * height * 3);
  std::uint32_t state = 12345;
  const auto share = static_cast<std::uint32_t>(noise);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width * 3; ++x) {
      state = state * 1664525 + 1013904223;
      const std::uint32_t gradient = (x + 2 * y) & 255;
      pixels.push_back(
          static_cast<std::uint8_t>((gradient * (255 - share) + (state >> 24) * share) / 255));
    }
  }
  return pixels;
}

std::string as_string(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

std::string make_png(std::uint32_t width, std::uint32_t height) {
  std::vector<std::uint8_t> pixels = make_pixels(width, height, 255);
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, std::size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))->append(as_string(data, size));
      },
      nullptr);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (std::uint32_t y = 0; y < height; ++y) {
    png_write_row(png, pixels.data() + std::size_t{y} * width * 3);
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string make_webp(std::uint32_t width, std::uint32_t height, bool is_lossless) {
  const std::vector<std::uint8_t> pixels = make_pixels(width, height, 60);
  const int stride = static_cast<int>(width * 3);
  const auto columns = static_cast<int>(width);
  const auto rows = static_cast<int>(height);
  std::uint8_t* output = nullptr;
  const std::size_t size =
      is_lossless ? WebPEncodeLosslessRGB(pixels.data(), columns, rows, stride, &output)
                  : WebPEncodeRGB(pixels.data(), columns, rows, stride, 80, &output);
  PIXHAUL_CHECK(size > 0);
  std::string bytes = as_string(output, size);
  WebPFree(output);
  return bytes;
}

std::string make_gif(int width, int height, int frame_count) {
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
  EGifSetGifVersion(gif, true);
  ColorMapObject* colors = GifMakeMapObject(256, nullptr);
  EGifPutScreenDesc(gif, width, height, 8, 0, colors);
  std::vector<std::uint8_t> pixels =
      make_pixels(static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), 255);
  for (int frame = 0; frame < frame_count; ++frame) {
    const GifByteType control[4] = {0, 10, 0, 0};
    EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, control);
    EGifPutImageDesc(gif, 0, 0, width, height, false, frame == 0 ? nullptr : colors);
    for (int y = 0; y < height; ++y) EGifPutLine(gif, pixels.data() + y * width, width);
  }
  GifFreeMapObject(colors);
  PIXHAUL_CHECK(EGifCloseFile(gif, &error) == GIF_OK);
  return bytes;
}

/// `frame_count` above 1 gives an image sequence, `columns` above 1 a grid of that many tiles.
/// `adorn`: sets what else the encoder is to write.
std::string make_avif(std::uint32_t width, std::uint32_t height, int frame_count,
                      std::uint32_t columns, const std::function<void(avifImage&)>& adorn = {}) {
  std::vector<std::uint8_t> pixels = make_pixels(width, height, 60);
  avifImage* image = avifImageCreate(static_cast<int>(width), static_cast<int>(height), 8,
                                     AVIF_PIXEL_FORMAT_YUV420);
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, image);
  rgb.format = AVIF_RGB_FORMAT_RGB;
  rgb.pixels = pixels.data();
  rgb.rowBytes = width * 3;
  avifImageRGBToYUV(image, &rgb);
  if (adorn) adorn(*image);
  avifEncoder* encoder = avifEncoderCreate();
  encoder->speed = AVIF_SPEED_FASTEST;
  avifRWData output = AVIF_DATA_EMPTY;
  if (columns > 1) {
    const std::vector<const avifImage*> tiles(columns, image);
    PIXHAUL_CHECK(avifEncoderAddImageGrid(encoder, columns, 1, tiles.data(),
                                          AVIF_ADD_IMAGE_FLAG_SINGLE) == AVIF_RESULT_OK);
  } else {
    const avifAddImageFlags flags =
        frame_count > 1 ? AVIF_ADD_IMAGE_FLAG_NONE : AVIF_ADD_IMAGE_FLAG_SINGLE;
    for (int i = 0; i < frame_count; ++i) avifEncoderAddImage(encoder, image, 1, flags);
  }
  PIXHAUL_CHECK(avifEncoderFinish(encoder, &output) == AVIF_RESULT_OK);
  std::string bytes = as_string(output.data, output.size);
  avifRWDataFree(&output);
  avifEncoderDestroy(encoder);
  avifImageDestroy(image);
  return bytes;
}

}  // namespace

std::string make_jpeg(std::uint32_t width, std::uint32_t height, Coding coding, int noise,
                      std::string_view exif) {
  std::vector<std::uint8_t> pixels = make_pixels(width, height, noise);
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* output = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &output, &size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 90, TRUE);
  if (coding == Coding::progressive) jpeg_simple_progression(&jpeg);
  if (coding == Coding::restarts) jpeg.restart_interval = 2;
  jpeg_start_compress(&jpeg, TRUE);
  if (!exif.empty()) {
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned int>(exif.size()));
  }
  while (jpeg.next_scanline < height) {
    JSAMPROW row = pixels.data() + std::size_t{jpeg.next_scanline} * width * 3;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string bytes = as_string(output, size);
  std::free(output);
  return bytes;
}

std::string make_turned_avif(std::uint8_t quarters, std::optional<std::uint8_t> mirror) {
  return make_avif(64, 48, 1, 1, [&](avifImage& image) {
    image.transformFlags = AVIF_TRANSFORM_IROT;
    image.irot.angle = quarters;
    if (!mirror) return;
    image.transformFlags |= AVIF_TRANSFORM_IMIR;
    image.imir.mode = *mirror;
  });
}

std::string make_lossy_webp() { return make_webp(40, 30, false); }

std::vector<Sample> encoded_samples() {
  const std::string thumbnail = make_jpeg(16, 12, Coding::baseline, 60);
  const std::string exif("Exif\0\0II\x2A\0\x08\0\0\0\0\0\0\0\0\0", 20);
  return {
      {"jpeg_baseline", ImageFormat::jpeg, 61, 43, make_jpeg(61, 43, Coding::baseline, 80)},
      {"jpeg_progressive", ImageFormat::jpeg, 64, 48, make_jpeg(64, 48, Coding::progressive, 80)},
      {"jpeg_restarts", ImageFormat::jpeg, 64, 48, make_jpeg(64, 48, Coding::restarts, 255)},
      {"jpeg_thumbnail", ImageFormat::jpeg, 61, 43,
       make_jpeg(61, 43, Coding::baseline, 80, exif + thumbnail)},
      {"jpeg_large", ImageFormat::jpeg, 300, 200, make_jpeg(300, 200, Coding::baseline, 255)},
      {"png_small", ImageFormat::png, 5, 3, make_png(5, 3)},
      {"png_many_idat", ImageFormat::png, 150, 100, make_png(150, 100)},
      {"webp_lossy", ImageFormat::webp, 40, 30, make_lossy_webp()},
      {"webp_lossless", ImageFormat::webp, 41, 31, make_webp(41, 31, true)},
      {"gif_still", ImageFormat::gif, 33, 21, make_gif(33, 21, 1)},
      {"gif_animated", ImageFormat::gif, 20, 16, make_gif(20, 16, 3)},
      {"avif_still", ImageFormat::avif, 64, 48, make_avif(64, 48, 1, 1)},
      {"avif_sequence", ImageFormat::avif, 64, 64, make_avif(64, 64, 3, 1)},
      {"avif_grid", ImageFormat::avif, 128, 64, make_avif(64, 64, 1, 2)},
  };
}

}  // namespace pixhaul::image
