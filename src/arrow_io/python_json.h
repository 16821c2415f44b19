#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace arrow {
class Array;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// Appends the value as Python's json.dumps(separators=(",", ":")) spells it: ASCII only, numbers
/// by repr(), NaN and Infinity bare. Times, decimals and binary values, which it refuses, are
/// strings: ISO 8601, the digits, base64. REQUIRES: row < array.length().
void append_python_json(const arrow::Array& array, std::int64_t row, std::string& out);

/// `text`: UTF-8.
void append_python_string(std::string_view text, std::string& out);
void append_python_number(double number, std::string& out);

}  // namespace pixhaul::arrow_io
