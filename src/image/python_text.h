#pragma once

#include <string>
#include <string_view>

namespace pixhaul::image {

// Values as Python 3 turns them into text: what stands in columns that a Python program wrote.

/// str((value,)): a tuple of one float.
[[nodiscard]] std::string python_float_tuple(double value);

/// The text itself where it is UTF-8, else str() of it as bytes: `b'\xff'`. The result is UTF-8.
[[nodiscard]] std::string python_text(std::string_view text);

/// repr() of every character, one behind the other. REQUIRES: text is UTF-8.
[[nodiscard]] std::string python_characters(std::string_view text);

/// str.strip(). REQUIRES: text is UTF-8.
[[nodiscard]] std::string_view python_strip(std::string_view text);

/// json.dumps() of a string: ASCII, other characters as \uXXXX. REQUIRES: text is UTF-8.
void append_json_dump(std::string& json, std::string_view text);

}  // namespace pixhaul::image
