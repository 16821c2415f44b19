#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pixhaul::readers {

/// JSON text (RFC 8259; NaN, Infinity and -Infinity too, as Python writes them) looked at in place:
/// where its values begin and end. Nesting up to 64, so that nobody behind it runs out of stack.
/// What strings say is not decoded.
class JsonText {
 public:
  explicit JsonText(std::string_view text) : text_(text) {}

  /// The value at the front; blanks before it are skipped. False if there is none.
  [[nodiscard]] bool take_value(std::string_view& value);
  /// The string at the front, with its quotes.
  [[nodiscard]] bool take_string(std::string_view& text);
  /// `c` at the front, blanks before it skipped.
  [[nodiscard]] bool take(char c);
  /// Nothing is left but blanks.
  [[nodiscard]] bool at_end();
  /// How far it has come, in bytes.
  [[nodiscard]] std::size_t position() const { return at_; }

 private:
  void skip_blanks();
  [[nodiscard]] bool skip_string();
  [[nodiscard]] bool skip_number();
  [[nodiscard]] bool skip_word(std::string_view word);
  [[nodiscard]] bool skip_scalar();
  [[nodiscard]] bool skip_value();
  [[nodiscard]] bool skip_digits();

  std::string_view text_;
  std::size_t at_ = 0;
};

/// What a JSON string says. REQUIRES: `quoted` is one, as take_string() gives it.
[[nodiscard]] std::string json_string_value(std::string_view quoted);

}  // namespace pixhaul::readers
