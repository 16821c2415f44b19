// Media types and extensions of the image formats: the two words that rows, writers and probes
// share.
#include <algorithm>
#include <array>

#include "pixhaul/outcome.h"

namespace pixhaul {
namespace {

struct FormatNames {
  ImageFormat format;
  std::string_view media_type;
  std::string_view extension;  // "" for formats that are never kept
};

// RFC 9649 §6 (image/webp), RFC 3302 (image/tiff), RFC 7903 (image/bmp), IANA's list for the rest.
constexpr std::array kFormats = {
    FormatNames{ImageFormat::unknown, "", ""},
    FormatNames{ImageFormat::jpeg, "image/jpeg", "jpg"},
    FormatNames{ImageFormat::png, "image/png", "png"},
    FormatNames{ImageFormat::webp, "image/webp", "webp"},
    FormatNames{ImageFormat::gif, "image/gif", "gif"},
    FormatNames{ImageFormat::avif, "image/avif", "avif"},
    FormatNames{ImageFormat::bmp, "image/bmp", "bmp"},
    FormatNames{ImageFormat::tiff, "image/tiff", "tiff"},
    FormatNames{ImageFormat::svg, "image/svg+xml", ""},
    FormatNames{ImageFormat::pdf, "application/pdf", ""},
    FormatNames{ImageFormat::heic, "image/heic", ""},
};

const FormatNames& names_of(ImageFormat format) {
  const auto* found = std::ranges::find(kFormats, format, &FormatNames::format);
  return found == kFormats.end() ? kFormats.front() : *found;
}

}  // namespace

std::string_view media_type(ImageFormat format) { return names_of(format).media_type; }

std::string_view file_extension(ImageFormat format) { return names_of(format).extension; }

}  // namespace pixhaul
