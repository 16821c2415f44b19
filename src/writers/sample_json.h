#pragma once

#include <string>
#include <string_view>

#include "pixhaul/outcome.h"

namespace pixhaul::writers {

/// Which fields the JSON of a sample has.
struct SampleJsonSettings {
  std::string hash_name{};  ///< "sha256"; "" for no hash
  bool exif = false;
  std::string left_out{};  ///< the column that only held hashes to verify; "" for none
};

/// Appends KEY.json, byte for byte as Python's json.dumps(…, indent=4) writes img2dataset 1.47's
/// `meta`: the input's columns, then key, status, error_message, width, height, original_width,
/// original_height, exif, the hash. A column with the name of one of these gives it its place and
/// loses its value. Unknown sizes, tags and hashes are null.
/// `columns`: the input's columns as compact JSON members, `"a":1,"b":[…]`, in their order.
/// REQUIRES: the row succeeded.
void append_sample_json(std::string& out, const Row& row, std::string_view columns,
                        const SampleJsonSettings& settings);

}  // namespace pixhaul::writers
