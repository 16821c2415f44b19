// Columns of any text, laid out as a sample's JSON: the same text laid out twice does not change.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "writers/json_text.h"
#include "writers/sample_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  pixhaul::Row row;
  row.key = "000000017";
  row.outcome.status = pixhaul::ErrorCode::success;
  std::string json;
  pixhaul::writers::append_sample_json(json, row, text, {.hash_name = "sha256", .exif = true});
  std::string spelled;
  pixhaul::writers::append_python_string(spelled, text);
  std::string again;
  pixhaul::writers::append_indented(again, spelled, 0);
  PIXHAUL_CHECK(again == spelled);
  std::string plain;
  pixhaul::writers::append_unquoted(plain, spelled);
  std::string third;
  pixhaul::writers::append_python_string(third, plain);
  PIXHAUL_CHECK(third == spelled);
  return 0;
}
