#include "image/tiff.h"

#include <dlfcn.h>
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

// libtiff's own way to RGBA, which knows its many layouts. Its history of memory errors is the
// longest of all codecs' (23 CVE numbers in Debian 12's changelog), so it decodes in the sandbox
// only. Loaded by its soname at the first use, like libavif, so that nobody else pays for it.

namespace pixhaul::image {
namespace {

/// The functions of libtiff that are used here.
struct Library {
  decltype(&::TIFFClientOpen) open = nullptr;
  decltype(&::TIFFClose) close = nullptr;
  decltype(&::TIFFGetFieldDefaulted) get = nullptr;
  decltype(&::TIFFReadRGBAImageOriented) read = nullptr;
  decltype(&::TIFFSetErrorHandler) set_error_handler = nullptr;
  decltype(&::TIFFSetWarningHandler) set_warning_handler = nullptr;
  bool is_loaded = true;
};

template <class Function>
void bind(Library& library, void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (function == nullptr) library.is_loaded = false;
}

Library load() {
  Library library;
  void* handle = dlopen(PIXHAUL_TIFF_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.is_loaded = false;
    return library;
  }
  bind(library, handle, "TIFFClientOpen", library.open);
  bind(library, handle, "TIFFClose", library.close);
  bind(library, handle, "TIFFGetFieldDefaulted", library.get);
  bind(library, handle, "TIFFReadRGBAImageOriented", library.read);
  bind(library, handle, "TIFFSetErrorHandler", library.set_error_handler);
  bind(library, handle, "TIFFSetWarningHandler", library.set_warning_handler);
  if (!library.is_loaded) return library;
  library.set_error_handler(nullptr);  // they would print
  library.set_warning_handler(nullptr);
  return library;
}

const Library& library() {
  static const Library kLibrary = load();
  return kLibrary;
}

// --- The body as libtiff's file ---

struct Source {
  Bytes bytes;
  std::uint64_t at = 0;
};

tmsize_t read_bytes(thandle_t handle, void* into, tmsize_t size) {
  auto& source = *static_cast<Source*>(handle);
  if (source.at >= source.bytes.size() || size <= 0) return 0;
  const auto count =
      std::min<std::uint64_t>(source.bytes.size() - source.at, static_cast<std::uint64_t>(size));
  std::memcpy(into, source.bytes.data() + source.at, count);
  source.at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write_nothing(thandle_t /*handle*/, void* /*from*/, tmsize_t /*size*/) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<Source*>(handle);
  const std::uint64_t base = whence == SEEK_CUR   ? source.at
                             : whence == SEEK_END ? source.bytes.size()
                                                  : 0;
  source.at = base + offset;
  return source.at;
}

int close_nothing(thandle_t /*handle*/) { return 0; }
toff_t size_of(thandle_t handle) { return static_cast<Source*>(handle)->bytes.size(); }

struct Closer {
  void operator()(TIFF* file) const { library().close(file); }
};

std::unexpected<Error> failure(ErrorCode code, std::string detail) {
  return std::unexpected(Error{.code = code, .detail = std::move(detail)});
}

// Alpha is in the colours already; what is missing is the white behind them.
Image on_white(const std::vector<std::uint32_t>& raster, std::uint32_t width,
               std::uint32_t height) {
  Image image(width, height, 3);
  std::uint8_t* to = image.pixels().data();
  for (const std::uint32_t pixel : raster) {
    const std::uint32_t white = 255 - TIFFGetA(pixel);
    *to++ = static_cast<std::uint8_t>(std::min<std::uint32_t>(TIFFGetR(pixel) + white, 255));
    *to++ = static_cast<std::uint8_t>(std::min<std::uint32_t>(TIFFGetG(pixel) + white, 255));
    *to++ = static_cast<std::uint8_t>(std::min<std::uint32_t>(TIFFGetB(pixel) + white, 255));
  }
  return image;
}

}  // namespace

void load_tiff() { (void)library(); }

Result<Decoded> TiffCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  if (!library().is_loaded) {
    return failure(ErrorCode::unsupported_format, "TIFF needs " PIXHAUL_TIFF_SONAME);
  }
  Source source{.bytes = bytes};
  // "m": no mapping; the body is memory already.
  const std::unique_ptr<TIFF, Closer> file(library().open("body", "rm", &source, read_bytes,
                                                          write_nothing, seek, close_nothing,
                                                          size_of, nullptr, nullptr));
  if (!file) return failure(ErrorCode::decode_error, "libtiff cannot read its directory");
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint16_t orientation = ORIENTATION_TOPLEFT;
  library().get(file.get(), TIFFTAG_IMAGEWIDTH, &width);
  library().get(file.get(), TIFFTAG_IMAGELENGTH, &height);
  library().get(file.get(), TIFFTAG_ORIENTATION, &orientation);
  if (width == 0 || height == 0)
    return failure(ErrorCode::decode_error, "a picture without pixels");
  if (auto allowed = check_dimensions({.width = width, .height = height}, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  std::vector<std::uint32_t> raster(std::uint64_t{width} * height);
  // As it is stored: orientation is the transform's business. 1: stop at the first damage.
  if (library().read(file.get(), width, height, raster.data(), orientation, 1) != 1) {
    return failure(ErrorCode::decode_error, "libtiff cannot decode it");
  }
  return Decoded{.image = on_white(raster, width, height)};
}

}  // namespace pixhaul::image
