#include "image/jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <optional>
#include <vector>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

// jerror.h needs jpeglib.h before it.
#include <jerror.h>

// libjpeg leaves by longjmp and says most of what is wrong with a file in warnings, after which it
// paints grey. A closed list of those warnings means that data is lost and ends the decoding on the
// spot; the others are recorded. Everything that may jump runs in guarded(), whose work holds no
// object with a destructor.

namespace pixhaul::image {
namespace {

struct Reader {
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { jpeg_destroy_decompress(&jpeg); }

  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  std::uint32_t max_scans = 0;
  std::optional<Error> error{};
  std::string warning{};
};

Reader& reader_of(j_common_ptr jpeg) { return *static_cast<Reader*>(jpeg->client_data); }

std::string message_of(j_common_ptr jpeg) {
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  return text;
}

// What a file may be that is no damage: 12-bit, lossless and hierarchical JPEG.
ErrorCode code_of_error(int message) {
  switch (message) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
      return ErrorCode::unsupported_format;
    default:
      return ErrorCode::decode_error;
  }
}

// The warnings after which pixels are missing or invented. Not among them: extraneous bytes before
// a marker (encoders pad), odd Adobe, JFIF and ICC markers, odd but decodable scan parameters.
std::optional<ErrorCode> code_of_loss(int message) {
  switch (message) {
    case JWRN_JPEG_EOF:
      return ErrorCode::truncated;
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      return ErrorCode::decode_error;
    default:
      return std::nullopt;
  }
}

void set_error(j_common_ptr jpeg, ErrorCode code) {
  reader_of(jpeg).error = Error{.code = code, .detail = message_of(jpeg)};
}

void set_warning(j_common_ptr jpeg) {
  std::string& warning = reader_of(jpeg).warning;
  if (warning.empty()) warning = message_of(jpeg);
}

void set_too_complex(Reader& reader) {
  reader.error = Error{.code = ErrorCode::too_complex,
                       .detail = "more than " + std::to_string(reader.max_scans) + " JPEG scans"};
}

// libjpeg.txt, "Error handling": error_exit must not return; emit_message gets warnings at level
// -1.
void on_error(j_common_ptr jpeg) {
  set_error(jpeg, code_of_error(jpeg->err->msg_code));
  std::longjmp(reader_of(jpeg).jump, 1);
}

void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  if (const auto loss = code_of_loss(jpeg->err->msg_code)) {
    set_error(jpeg, *loss);
    std::longjmp(reader_of(jpeg).jump, 1);
  }
  set_warning(jpeg);
}

// libjpeg.txt, "Progress monitoring": called through all of a multi-scan file's passes.
void on_progress(j_common_ptr jpeg) {
  Reader& reader = reader_of(jpeg);
  if (reader.jpeg.input_scan_number <= static_cast<int>(reader.max_scans)) return;
  set_too_complex(reader);
  std::longjmp(reader.jump, 1);
}

/// False when libjpeg jumped out of `work`; reader.error is set then.
template <class Work>
bool guarded(Reader& reader, Work work) {
  if (setjmp(reader.jump) != 0) return false;
  work();
  return true;
}

bool read_header(Reader& reader, Bytes bytes) {
  jpeg_decompress_struct& jpeg = reader.jpeg;
  jpeg.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  jpeg.client_data = &reader;
  return guarded(reader, [&] {
    jpeg_create_decompress(&jpeg);
    reader.progress.progress_monitor = on_progress;
    jpeg.progress = &reader.progress;
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
  });
}

/// What to ask libjpeg for; nothing for colour spaces that are none (two components, five).
std::optional<J_COLOR_SPACE> output_space(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE:
      return JCS_GRAYSCALE;
    case JCS_RGB:
    case JCS_YCbCr:
      return JCS_RGB;
    case JCS_CMYK:
    case JCS_YCCK:
      return JCS_CMYK;
    default:
      return std::nullopt;
  }
}

// Without a profile, as OpenCV and browsers do: R = C × K with the inks inverted, which is how
// Adobe programs store them.
void cmyk_to_rgb(const std::uint8_t* inks, std::span<std::uint8_t> row, bool is_inverted) {
  const unsigned flip = is_inverted ? 0 : 255;
  for (std::size_t x = 0; x < row.size(); x += 3, inks += 4) {
    const unsigned black = inks[3] ^ flip;
    for (std::size_t i = 0; i < 3; ++i) {
      row[x + i] = static_cast<std::uint8_t>(((inks[i] ^ flip) * black + 127) / 255);
    }
  }
}

void read_rows(jpeg_decompress_struct& jpeg, Image& image, std::span<std::uint8_t> inks) {
  while (jpeg.output_scanline < jpeg.output_height) {
    const std::span<std::uint8_t> row = image.row(jpeg.output_scanline);
    JSAMPROW target = inks.empty() ? row.data() : inks.data();
    jpeg_read_scanlines(&jpeg, &target, 1);
    if (!inks.empty()) cmyk_to_rgb(inks.data(), row, jpeg.saw_Adobe_marker == TRUE);
  }
}

Error unsupported(std::string detail) {
  return {.code = ErrorCode::unsupported_format, .detail = std::move(detail)};
}

}  // namespace

Result<Decoded> JpegCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  Reader reader;
  reader.max_scans = limits.max_scans;
  jpeg_decompress_struct& jpeg = reader.jpeg;
  if (!read_header(reader, bytes)) return std::unexpected(std::move(*reader.error));
  auto allowed = check_dimensions({jpeg.image_width, jpeg.image_height}, limits);
  if (!allowed) return std::unexpected(std::move(allowed).error());
  const auto space = output_space(jpeg.jpeg_color_space);
  if (!space) return std::unexpected(unsupported("JPEG of an unknown colour space"));

  jpeg.out_color_space = *space;
  const std::uint32_t channels = *space == JCS_GRAYSCALE ? 1 : 3;
  Decoded decoded{.image = Image(jpeg.image_width, jpeg.image_height, channels)};
  std::vector<std::uint8_t> inks(*space == JCS_CMYK ? std::size_t{jpeg.image_width} * 4 : 0);
  const bool is_whole = guarded(reader, [&] {
    jpeg_start_decompress(&jpeg);
    read_rows(jpeg, decoded.image, inks);
    jpeg_finish_decompress(&jpeg);
  });
  if (!is_whole) return std::unexpected(std::move(*reader.error));
  decoded.warning = std::move(reader.warning);
  return decoded;
}

}  // namespace pixhaul::image
