#pragma once

#include <string>
#include <string_view>

#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

/// Appends the row as one JSON object without a line end: a line of OUT/NNNNN.jsonl. Every field is
/// always there (null when unknown) except the digest, which stands under `digest_name` ("sha256")
/// and is left out when that is "", and what only decoding tells: "original_width",
/// "original_height", "exif". Times are milliseconds, `retrieved_at` is RFC 3339 in UTC.
void append_row_json(std::string& out, const Row& row, std::string_view digest_name);

/// Reads such a line back; `index` is not in it and stays 0. Unknown fields are ignored. Errors:
/// state_damaged.
[[nodiscard]] Result<Row> parse_row_json(std::string_view line);

/// The value of "path" without parsing the row; "" for null.
[[nodiscard]] std::string_view path_of(std::string_view line);
/// Whether the row is a success, without parsing it.
[[nodiscard]] bool says_success(std::string_view line);

}  // namespace pixhaul::ledger
