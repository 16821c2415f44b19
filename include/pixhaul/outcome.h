#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "pixhaul/result.h"

namespace pixhaul {

/// Image formats recognised by their first bytes; never by a name or a Content-Type.
enum class ImageFormat : std::uint8_t {
  unknown,
  jpeg,
  png,
  webp,
  gif,
  avif,
  bmp,
  tiff,
  svg,
  pdf,
  heic
};

/// "image/jpeg"; "" for unknown.
[[nodiscard]] std::string_view media_type(ImageFormat format);
/// "jpg", from a closed list; "" for formats that are never kept.
[[nodiscard]] std::string_view file_extension(ImageFormat format);

/// Where the milliseconds of one attempt went; phases that did not happen are negative.
struct PhaseTimes {
  float dns_ms = -1;
  float connect_ms = -1;
  float tls_ms = -1;
  float first_byte_ms = -1;
  float total_ms = -1;
};

/// What became of one URL: the facts the row keeps.
struct Outcome {
  ErrorCode status = ErrorCode::internal;
  bool transient = false;  ///< a later run may succeed
  bool reused = false;     ///< came over a connection kept from before
  std::uint16_t http_status = 0;
  std::uint16_t attempts = 0;
  std::uint16_t redirects = 0;
  std::uint64_t bytes = 0;  ///< of the body, after content decoding
  std::string detail{};     ///< "" on success
  std::string final_url{};  ///< "" when it equals the row's URL
  std::string digest{};     ///< hex, of the body, as `compute_hash` says
  std::string etag{};
  std::string last_modified{};
  std::string address{};            ///< "203.0.113.7:443"
  std::string_view tls_version{};   ///< "TLSv1.3"; static text
  std::string_view http_version{};  ///< "1.1", "2"; static text
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t width = 0;  ///< of the sample as it is kept
  std::uint32_t height = 0;
  std::uint32_t original_width = 0;  ///< of the picture as served, set when it was decoded
  std::uint32_t original_height = 0;
  std::string exif{};  ///< JSON object of the tags as text; "" when not extracted
  PhaseTimes times{};
  std::chrono::system_clock::time_point retrieved_at{};
};

/// A row of the list with what became of it, as it stands in OUT/NNNNN.jsonl.
struct Row {
  std::uint64_t index = 0;  ///< position in the whole input, from 0
  std::string key{};        ///< "000000017"
  std::string input{};      ///< the list's name as given
  std::uint64_t line = 0;   ///< in that list, from 1; 0 for a URL given as an argument
  std::string url{};        ///< as in the list
  std::string path{};       ///< of the image, relative to the output folder; "" when there is none
  Outcome outcome{};
};

}  // namespace pixhaul
