#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pixhaul {

/// Appends one JSON value to a string, token by token, commas and escapes done here. The output is
/// ASCII-safe for terminals and logs as far as control characters go; text that is not UTF-8 gets
/// U+FFFD in its place. `out` outlives this; one thread. Nesting up to 32.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  /// The name of the next value, in an object. `name` is ours and needs no escapes.
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::uint64_t number);
  void value(std::int64_t number);
  void value(std::uint32_t number) { value(std::uint64_t{number}); }
  void value(std::uint16_t number) { value(std::uint64_t{number}); }
  void value(int number) { value(std::int64_t{number}); }
  /// With at most three decimals; null when it is not finite.
  void value(double number);
  void value(bool truth);
  void null();
  /// A value that is JSON already.
  void raw(std::string_view json);

  /// Null where there is no text.
  void text_or_null(std::string_view name, std::string_view text) {
    key(name);
    text.empty() ? null() : value(text);
  }

  template <class Value>
  void field(std::string_view name, Value number_or_text) {
    key(name);
    value(number_or_text);
  }

 private:
  void open(char bracket);
  void close(char bracket);
  void before_value();

  std::string& out_;
  std::uint32_t has_members_ = 0;  // bit d: something stands at depth d already
  std::uint32_t depth_ = 0;
  bool after_key_ = false;
};

/// `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// The length of the UTF-8 sequence at the front of `text`, 0 if it is not one (RFC 3629: no
/// surrogates, no overlong forms, nothing above U+10FFFF). REQUIRES: text is not empty.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text);

}  // namespace pixhaul
