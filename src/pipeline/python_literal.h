#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The part of Python's literals that command lines and callers write: None, True, numbers, strings,
// and lists or tuples of them. Pure functions.
namespace pixhaul::pipeline {

/// A value as it was written. `text` is without quotes and escapes; of a bare word as it stands.
struct PythonLiteral {
  enum class Kind : std::uint8_t { word, string, list };
  Kind kind = Kind::word;
  std::string text{};
  std::vector<std::string> items{};  ///< of a list

  [[nodiscard]] bool is_none() const { return kind == Kind::word && text == "None"; }
};

/// What begins with a quote or a bracket has to end with its other; anything else is a word.
/// nullopt for a string or list that is none.
[[nodiscard]] std::optional<PythonLiteral> parse_python_literal(std::string_view text);

/// 'text' with the escapes that repr() writes; what is not ASCII stays as it is.
[[nodiscard]] std::string python_string(std::string_view text);

}  // namespace pixhaul::pipeline
