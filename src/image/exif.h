#pragma once

#include <string>

#include "image/orientation.h"
#include "image/probe_step.h"

namespace pixhaul::image {

/// The bytes of the TIFF structure that holds a file's EXIF tags: from a JPEG's APP1 segment, a
/// PNG's eXIf chunk, a WebP's EXIF chunk, or the TIFF file itself; empty where there is none. At
/// most kMostExif bytes are looked at (of a TIFF file, tags whose values lie behind them are left
/// out).
[[nodiscard]] Bytes find_exif(Bytes file);
inline constexpr std::size_t kMostExif = 65'536;

/// How the file asks to be turned; top_left when it does not, and when its tag makes no sense.
[[nodiscard]] Orientation exif_orientation(Bytes file);

/// All tags as one JSON object of strings, as img2dataset's `exif` column holds them: names and
/// values as ExifRead 3 prints them with `details=False`, members in the order of the file, escaped
/// to ASCII as Python's json.dumps does. "{}" when there are none. Damaged parts are left out.
[[nodiscard]] std::string exif_text(Bytes file);

}  // namespace pixhaul::image
