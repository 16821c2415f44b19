#include "arrow_io/python_json.h"

#include <arrow/api.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/json_writer.h"

namespace pixhaul::arrow_io {

namespace {

// One character, the length of which is known; REQUIRES: valid UTF-8.
std::uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  switch (sequence.size()) {
    case 1:
      return byte(0);
    case 2:
      return ((byte(0) & 0x1fu) << 6) | (byte(1) & 0x3fu);
    case 3:
      return ((byte(0) & 0x0fu) << 12) | ((byte(1) & 0x3fu) << 6) | (byte(2) & 0x3fu);
    default:
      return ((byte(0) & 0x07u) << 18) | ((byte(1) & 0x3fu) << 12) | ((byte(2) & 0x3fu) << 6) |
             (byte(3) & 0x3fu);
  }
}

void append_unit(std::uint32_t unit, std::string& out) { out += fmt::format("\\u{:04x}", unit); }

void append_escaped(char c, std::string& out) {
  constexpr std::string_view kPlain = "\"\\\n\r\t\b\f";
  constexpr std::string_view kShort = "\"\\nrtbf";
  const std::size_t at = kPlain.find(c);
  if (at != kPlain.npos) {
    out += '\\';
    out += kShort[at];
  } else if (static_cast<unsigned char>(c) < 0x20) {
    append_unit(static_cast<unsigned char>(c), out);
  } else {
    out += c;
  }
}

void append_base64(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? kDigits[(bits >> (18 - 6 * i)) & 63] : '=';
    }
  }
  out += '"';
}

template <class List>
void append_list(const List& list, std::int64_t row, std::string& out) {
  out += '[';
  for (std::int64_t i = 0; i < list.value_length(row); ++i) {
    if (i > 0) out += ',';
    append_python_json(*list.values(), list.value_offset(row) + i, out);
  }
  out += ']';
}

void append_struct(const arrow::StructArray& array, std::int64_t row, std::string& out) {
  out += '{';
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) out += ',';
    append_python_string(array.struct_type()->field(i)->name(), out);
    out += ':';
    append_python_json(*array.field(i), row, out);
  }
  out += '}';
}

// pyarrow gives a map as a list of pairs.
void append_map(const arrow::MapArray& map, std::int64_t row, std::string& out) {
  out += '[';
  for (std::int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
    out += i > map.value_offset(row) ? ",[" : "[";
    append_python_json(*map.keys(), i, out);
    out += ',';
    append_python_json(*map.items(), i, out);
    out += ']';
  }
  out += ']';
}

// What JSON has no kind of value for.
void append_other(const arrow::Array& array, std::int64_t row, std::string& out) {
  const auto scalar = array.GetScalar(row);
  std::string text = scalar.ok() ? (*scalar)->ToString() : std::string();
  if (array.type_id() == arrow::Type::TIMESTAMP) std::replace(text.begin(), text.end(), ' ', 'T');
  append_python_string(text, out);
}

template <class Array>
const Array& as(const arrow::Array& array) {
  return static_cast<const Array&>(array);
}

}  // namespace

void append_python_json(const arrow::Array& array, std::int64_t row, std::string& out) {
  if (array.IsNull(row)) {
    out += "null";
    return;
  }
  using arrow::Type;
  switch (array.type_id()) {
    case Type::NA:
      out += "null";
      break;
    case Type::BOOL:
      out += as<arrow::BooleanArray>(array).Value(row) ? "true" : "false";
      break;
    case Type::INT8:
      out += fmt::format("{}", int{as<arrow::Int8Array>(array).Value(row)});
      break;
    case Type::INT16:
      out += fmt::format("{}", as<arrow::Int16Array>(array).Value(row));
      break;
    case Type::INT32:
      out += fmt::format("{}", as<arrow::Int32Array>(array).Value(row));
      break;
    case Type::INT64:
      out += fmt::format("{}", as<arrow::Int64Array>(array).Value(row));
      break;
    case Type::UINT8:
      out += fmt::format("{}", int{as<arrow::UInt8Array>(array).Value(row)});
      break;
    case Type::UINT16:
      out += fmt::format("{}", as<arrow::UInt16Array>(array).Value(row));
      break;
    case Type::UINT32:
      out += fmt::format("{}", as<arrow::UInt32Array>(array).Value(row));
      break;
    case Type::UINT64:
      out += fmt::format("{}", as<arrow::UInt64Array>(array).Value(row));
      break;
    case Type::FLOAT:
      append_python_number(as<arrow::FloatArray>(array).Value(row), out);
      break;
    case Type::DOUBLE:
      append_python_number(as<arrow::DoubleArray>(array).Value(row), out);
      break;
    case Type::STRING:
      append_python_string(as<arrow::StringArray>(array).GetView(row), out);
      break;
    case Type::LARGE_STRING:
      append_python_string(as<arrow::LargeStringArray>(array).GetView(row), out);
      break;
    case Type::STRING_VIEW:
      append_python_string(as<arrow::StringViewArray>(array).GetView(row), out);
      break;
    case Type::BINARY:
      append_base64(as<arrow::BinaryArray>(array).GetView(row), out);
      break;
    case Type::LARGE_BINARY:
      append_base64(as<arrow::LargeBinaryArray>(array).GetView(row), out);
      break;
    case Type::BINARY_VIEW:
      append_base64(as<arrow::BinaryViewArray>(array).GetView(row), out);
      break;
    case Type::FIXED_SIZE_BINARY:
      append_base64(as<arrow::FixedSizeBinaryArray>(array).GetView(row), out);
      break;
    case Type::LIST:
      append_list(as<arrow::ListArray>(array), row, out);
      break;
    case Type::LARGE_LIST:
      append_list(as<arrow::LargeListArray>(array), row, out);
      break;
    case Type::FIXED_SIZE_LIST:
      append_list(as<arrow::FixedSizeListArray>(array), row, out);
      break;
    case Type::STRUCT:
      append_struct(as<arrow::StructArray>(array), row, out);
      break;
    case Type::MAP:
      append_map(as<arrow::MapArray>(array), row, out);
      break;
    case Type::DICTIONARY: {
      const auto& coded = as<arrow::DictionaryArray>(array);
      append_python_json(*coded.dictionary(), coded.GetValueIndex(row), out);
      break;
    }
    case Type::EXTENSION:
      append_python_json(*as<arrow::ExtensionArray>(array).storage(), row, out);
      break;
    default:
      append_other(array, row, out);
  }
}

void append_python_string(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length <= 1) {
      if (length == 1) {
        append_escaped(text.front(), out);
      } else {
        append_unit(0xfffd, out);
      }
      text.remove_prefix(1);
      continue;
    }
    const std::uint32_t code = code_point(text.substr(0, length));
    if (code < 0x10000) {
      append_unit(code, out);
    } else {
      append_unit(0xd800 + ((code - 0x10000) >> 10), out);
      append_unit(0xdc00 + ((code - 0x10000) & 0x3ff), out);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

// CPython's float_repr_style "short": the fewest digits that read back the same; an exponent below
// 1e-4 and from 1e16 on, of two digits at least.
void append_python_number(double number, std::string& out) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "-Infinity" : "Infinity";
    return;
  }
  std::array<char, 32> text;
  const double size = std::fabs(number);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format).ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  out += digits;
  if (fixed && digits.find('.') == digits.npos) out += ".0";
}

}  // namespace pixhaul::arrow_io
