#include "image/encode_jpeg.h"

#include <cstdio>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "image/jpeg_writer.h"

namespace pixhaul::image {

Result<Buffer> encode_jpeg(const Image& image, int quality) {
  PIXHAUL_CHECK(image.channels() == 1 || image.channels() == 3);
  const JpegInput input = image.channels() == 1 ? JpegInput::grey_rows : JpegInput::rgb_rows;
  JpegWriter writer;
  auto opened = writer.open({image.width(), image.height()}, input, quality);
  if (!opened) return std::unexpected(std::move(opened).error());
  jpeg_compress_struct& jpeg = writer.jpeg();
  auto written = writer.run([&] {
    while (jpeg.next_scanline < jpeg.image_height) {
      // libjpeg's rows are not const, but it does not write to them.
      auto* row = const_cast<JSAMPLE*>(image.row(jpeg.next_scanline).data());
      jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
  });
  if (!written) return std::unexpected(std::move(written).error());
  return writer.take_bytes();
}

}  // namespace pixhaul::image
