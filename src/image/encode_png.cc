#include "image/encode_png.h"

#include <png.h>

#include <csetjmp>
#include <optional>

// libpng leaves by longjmp; what may jump runs in guarded(), whose work holds no object with a
// destructor. Filters and zlib's strategy are libpng's defaults: for photographs each row gets the
// filter that promises most.

namespace pixhaul::image {
namespace {

struct Writer {
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { png_destroy_write_struct(&png, &info); }

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::optional<Error> error{};
  Buffer bytes{};
};

// libpng-manual.txt, "Customizing libpng": the error function must not return.
void on_error(png_structp png, png_const_charp message) {
  Writer& writer = *static_cast<Writer*>(png_get_error_ptr(png));
  writer.error = Error{.code = ErrorCode::internal, .detail = std::string("PNG: ") + message};
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void write_output(png_structp png, png_bytep data, std::size_t size) {
  Writer& writer = *static_cast<Writer*>(png_get_io_ptr(png));
  writer.bytes.append(std::as_bytes(std::span(data, size)));
}

void flush_output(png_structp) {}

/// False when libpng jumped out of `work`; writer.error is set then.
template <class Work>
bool guarded(Writer& writer, Work work) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  work();
  return true;
}

int color_type_of(std::uint32_t channels) {
  constexpr int kTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                            PNG_COLOR_TYPE_RGB_ALPHA};
  return kTypes[channels - 1];
}

}  // namespace

Result<Buffer> encode_png(const Image& image, int level) {
  PIXHAUL_CHECK(level >= 0 && level <= 9);
  Writer writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_error, on_warning);
  PIXHAUL_CHECK(writer.png != nullptr);
  writer.info = png_create_info_struct(writer.png);
  PIXHAUL_CHECK(writer.info != nullptr);
  writer.bytes.reserve(image.size_bytes() / 2);
  const bool is_whole = guarded(writer, [&] {
    png_set_write_fn(writer.png, &writer, write_output, flush_output);
    // An image that fits into memory has sides that PNG can hold; libpng's own limit is a million.
    png_set_user_limits(writer.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(writer.png, level);
    png_set_IHDR(writer.png, writer.info, image.width(), image.height(), 8,
                 color_type_of(image.channels()), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer.png, writer.info);
    for (std::uint32_t y = 0; y < image.height(); ++y) {
      png_write_row(writer.png, image.row(y).data());
    }
    png_write_end(writer.png, nullptr);
  });
  if (!is_whole) return std::unexpected(std::move(*writer.error));
  return std::move(writer.bytes);
}

}  // namespace pixhaul::image
