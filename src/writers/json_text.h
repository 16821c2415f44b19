#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pixhaul::writers {

/// Appends `text` as a JSON string as Python's json.dumps spells it: ASCII only, the short escapes,
/// \uXXXX in lower case, surrogate pairs. What is not UTF-8 becomes U+FFFD.
void append_python_string(std::string& out, std::string_view text);

/// Appends `value` as Python's repr() spells a float: "1.0", "1e-05", and JSON's NaN and Infinity
/// as json.dumps has them.
void append_python_float(std::string& out, double value);

/// Appends a JSON value laid out as json.dumps(indent=4) does at that depth, its strings spelled as
/// append_python_string() would.
void append_indented(std::string& out, std::string_view value, std::size_t depth);

/// Appends the text a JSON string stands for, as UTF-8. `literal`: with its quotes.
void append_unquoted(std::string& out, std::string_view literal);

/// The values of a JSON array or the members of an object, one after another, without looking at
/// what they mean. The text is our own; where it is not JSON, the walk ends early.
class JsonItems {
 public:
  struct Item {
    std::string_view literal{};  ///< the member's name with its quotes; "" in an array
    std::string_view value{};
  };

  /// `text`: `{…}`, `[…]`, or what stands between such brackets.
  explicit JsonItems(std::string_view text);

  [[nodiscard]] std::optional<Item> next();

 private:
  std::string_view rest_;
};

}  // namespace pixhaul::writers
