#include "image/png.h"

#include <png.h>

#include <csetjmp>
#include <cstring>
#include <optional>

#include "image/cpu_deadline.h"

// libpng leaves by longjmp; everything that may jump runs in guarded(), whose work holds no object
// with a destructor. Of the ancillary chunks only tRNS is read; the others are passed over unseen,
// so that no compressed text or profile is ever inflated. A wrong CRC anywhere is fatal.

namespace pixhaul::image {
namespace {

struct Reader {
  explicit Reader(Bytes bytes) : input(bytes) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }

  Bytes input;  // what libpng has not read yet
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::optional<Error> error{};
  std::string warning{};
};

void set_error(Reader& reader, ErrorCode code, const char* message) {
  reader.error = Error{.code = code, .detail = std::string("PNG: ") + message};
}

// libpng-manual.txt, "Customizing libpng": the error function must not return.
void on_error(png_structp png, png_const_charp message) {
  Reader& reader = *static_cast<Reader*>(png_get_error_ptr(png));
  if (!reader.error) set_error(reader, ErrorCode::decode_error, message);
  png_longjmp(png, 1);
}

void on_warning(png_structp png, png_const_charp message) {
  Reader& reader = *static_cast<Reader*>(png_get_error_ptr(png));
  if (reader.warning.empty()) reader.warning = message;
}

void read_input(png_structp png, png_bytep target, std::size_t size) {
  Reader& reader = *static_cast<Reader*>(png_get_io_ptr(png));
  if (size > reader.input.size()) {
    set_error(reader, ErrorCode::truncated, "ends before its IEND chunk");
    png_error(png, "");
  }
  std::memcpy(target, reader.input.data(), size);
  reader.input = reader.input.subspan(size);
}

/// False when libpng jumped out of `work`; reader.error is set then.
template <class Work>
bool guarded(Reader& reader, Work work) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  work();
  return true;
}

bool read_header(Reader& reader) {
  return guarded(reader, [&] {
    png_set_read_fn(reader.png, &reader, read_input);
    png_set_crc_action(reader.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // -1: every ancillary chunk that libpng knows, less tRNS, and all it does not know.
    png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    // Our own limits are looked at before pixels are asked for, and have a status of their own.
    png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(reader.png, reader.info);
  });
}

// Not inlined: guarded() may hold no object with a destructor, not even a passing one.
[[gnu::noinline]] void stop_at_deadline(Reader& reader) {
  reader.error = decode_deadline_error();
  png_longjmp(reader.png, 1);
}

/// 8 bits a channel, no palette, tRNS as alpha.
bool set_transforms(Reader& reader, int& pass_count) {
  return guarded(reader, [&] {
    png_set_expand(reader.png);
    png_set_scale_16(reader.png);
    pass_count = png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
  });
}

bool read_pixels(Reader& reader, Image& image, int pass_count, CpuDeadline deadline) {
  return guarded(reader, [&] {
    for (int pass = 0; pass < pass_count; ++pass) {
      for (std::uint32_t y = 0; y < image.height(); ++y) {
        if (deadline.has_passed()) stop_at_deadline(reader);
        png_read_row(reader.png, image.row(y).data(), nullptr);
      }
    }
    png_read_end(reader.png, nullptr);
  });
}

}  // namespace

Result<Decoded> PngCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  Reader reader(bytes);
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  PIXHAUL_CHECK(reader.png != nullptr);
  reader.info = png_create_info_struct(reader.png);
  PIXHAUL_CHECK(reader.info != nullptr);
  if (!read_header(reader)) return std::unexpected(std::move(*reader.error));

  const Dimensions dimensions{png_get_image_width(reader.png, reader.info),
                              png_get_image_height(reader.png, reader.info)};
  auto allowed = check_dimensions(dimensions, limits);
  if (!allowed) return std::unexpected(std::move(allowed).error());
  int pass_count = 0;
  if (!set_transforms(reader, pass_count)) return std::unexpected(std::move(*reader.error));

  Decoded decoded{.image = Image(dimensions.width, dimensions.height,
                                 png_get_channels(reader.png, reader.info))};
  PIXHAUL_CHECK(png_get_rowbytes(reader.png, reader.info) == decoded.image.stride_bytes());
  if (!read_pixels(reader, decoded.image, pass_count, CpuDeadline(limits.max_cpu_time))) {
    return std::unexpected(std::move(*reader.error));
  }
  decoded.warning = std::move(reader.warning);
  return decoded;
}

}  // namespace pixhaul::image
