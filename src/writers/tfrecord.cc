// A TFRecord file is a sequence of records: length (64 bits, little endian), its masked sum, data,
// the data's masked sum (TensorFlow, "TFRecord and tf.train.Example"). The data is an Example in
// protobuf's wire format, written by hand: it nests five deep, and its only use of lengths known
// late is the image, whose bytes stand last in their own entry. So the record is a front, the
// image, and a back, and the image is copied and its sum combined as into a tar. Features stand in
// the order given; TensorFlow's own writer leaves their order to a hash map.
#include "writers/tfrecord.h"

#include <charconv>
#include <cstring>

#include "base/digest.h"
#include "writers/json_text.h"

namespace pixhaul::writers {

namespace {

// Feature's oneof: bytes_list = 1, float_list = 2, int64_list = 3; each list has `value` = 1. All
// fields here are of wire type 2, length and bytes: tag = number * 8 + 2.
enum class Kind : std::uint8_t { bytes = 0x0a, floats = 0x12, integers = 0x1a };
constexpr char kField1 = 0x0a;
constexpr char kField2 = 0x12;

void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(0x80 | (number & 0x7f));
  out += static_cast<char>(number);
}

std::uint64_t varint_size(std::uint64_t number) {
  std::uint64_t size = 1;
  for (; number >= 0x80; number >>= 7) ++size;
  return size;
}

// What a field of wire type 2 takes with its tag and length.
std::uint64_t field_size(std::uint64_t length) { return 1 + varint_size(length) + length; }

void append_field(std::string& out, char tag, std::string_view bytes) {
  out += tag;
  append_varint(out, bytes.size());
  out += bytes;
}

// An entry of Features' map up to the bytes of its list, which the caller appends.
void append_entry_front(std::string& out, std::string_view name, Kind kind, std::uint64_t length) {
  const std::uint64_t feature = field_size(length);
  out += kField1;
  append_varint(out, field_size(name.size()) + field_size(feature));
  append_field(out, kField1, name);
  out += kField2;
  append_varint(out, feature);
  out += static_cast<char>(kind);
  append_varint(out, length);
}

void append_entry(std::string& out, std::string_view name, Kind kind, std::string_view list) {
  append_entry_front(out, name, kind, list.size());
  out += list;
}

// An entry of one bytes value of `length` bytes, up to these.
void append_bytes_front(std::string& out, std::string_view name, std::uint64_t length) {
  append_entry_front(out, name, Kind::bytes, field_size(length));
  out += kField1;
  append_varint(out, length);
}

void append_bytes(std::string& out, std::string_view name, std::string_view bytes) {
  append_bytes_front(out, name, bytes.size());
  out += bytes;
}

void append_u32(std::string& out, std::uint32_t number) {
  for (int i = 0; i < 4; ++i, number >>= 8) out += static_cast<char>(number & 0xff);
}

// A JSON value as a feature holds it.
struct Scalar {
  Kind kind = Kind::bytes;
  std::int64_t integer = 0;
  double number = 0;
};

Scalar classify(std::string_view value) {
  if (value == "true") return {.kind = Kind::integers, .integer = 1, .number = 1};
  if (value == "false") return {.kind = Kind::integers};
  const bool is_number = value.front() == '-' || (value.front() >= '0' && value.front() <= '9') ||
                         value == "NaN" || value == "Infinity";
  if (!is_number) return {};
  Scalar scalar;
  const char* end = value.data() + value.size();
  if (value.find_first_of(".eENI") == std::string_view::npos) {
    const auto read = std::from_chars(value.data(), end, scalar.integer);
    if (read.ec != std::errc() || read.ptr != end) return {};  // beyond 64 bits: its digits
    scalar.kind = Kind::integers;
    scalar.number = static_cast<double>(scalar.integer);
    return scalar;
  }
  if (std::from_chars(value.data(), end, scalar.number).ptr == end) scalar.kind = Kind::floats;
  return scalar;
}

void append_value(std::string& list, Kind kind, std::string_view value, const Scalar& scalar) {
  switch (kind) {
    case Kind::integers:
      append_varint(list, static_cast<std::uint64_t>(scalar.integer));
      return;
    case Kind::floats: {
      const float number = static_cast<float>(scalar.number);
      std::uint32_t bits = 0;
      std::memcpy(&bits, &number, sizeof bits);
      append_u32(list, bits);
      return;
    }
    case Kind::bytes: {
      std::string text;
      if (value.front() == '"') {
        append_unquoted(text, value);
      } else if (value != "null") {
        text = value;
      }
      append_field(list, kField1, text);
      return;
    }
  }
}

// The kind all of a list's values fit into: what its first one says, for every list that
// img2dataset can write at all.
Kind kind_of_list(std::string_view array) {
  bool any = false;
  Kind common = Kind::integers;
  JsonItems items(array);
  while (const auto item = items.next()) {
    any = true;
    const Kind kind = classify(item->value).kind;
    if (kind == Kind::bytes) return Kind::bytes;
    if (kind == Kind::floats) common = Kind::floats;
  }
  return any ? common : Kind::bytes;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  const bool is_list = value.front() == '[';
  const Kind kind = is_list ? kind_of_list(value) : classify(value).kind;
  std::string list;
  if (is_list) {
    JsonItems items(value);
    while (const auto item = items.next()) {
      append_value(list, kind, item->value, classify(item->value));
    }
  } else {
    append_value(list, kind, value, classify(value));
  }
  // Numbers are packed: one field 1 around them all.
  if (kind == Kind::bytes) return append_entry(out, name, kind, list);
  append_entry_front(out, name, kind, field_size(list.size()));
  append_field(out, kField1, list);
}

void append_members(std::string& out, const SampleParts& sample) {
  std::string name;
  JsonItems items(sample.json);
  while (const auto item = items.next()) {
    name.clear();
    if (item->literal.size() >= 2) append_unquoted(name, item->literal);
    if (name == "key" || name == sample.extension) continue;
    if (name == "txt" && sample.caption) continue;
    append_member(out, name, item->value);
  }
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Length and its sum, and the data's beginning: the Example's only field.
std::string record_head(std::uint64_t features_bytes) {
  const std::uint64_t data_bytes = field_size(features_bytes);
  std::string head;
  append_u32(head, static_cast<std::uint32_t>(data_bytes));
  append_u32(head, static_cast<std::uint32_t>(data_bytes >> 32));
  append_u32(head, masked_crc32c(crc32c(head)));
  head += kField1;
  append_varint(head, features_bytes);
  return head;
}

constexpr std::size_t kFrameBytes = 12;  // length and its sum

}  // namespace

Result<> TfrecordFile::add(const SampleParts& sample) {
  const SpooledBytes& image = sample.image;
  front_.clear();
  append_bytes(front_, "key", sample.key);
  append_bytes_front(front_, sample.extension, image.length);
  back_.clear();
  if (sample.caption) append_bytes(back_, "txt", *sample.caption);
  append_members(back_, sample);

  const std::string head = record_head(front_.size() + image.length + back_.size());
  std::uint32_t sum = crc32c(front_, crc32c(std::string_view(head).substr(kFrameBytes)));
  sum = crc32c(back_, crc32c_combine(sum, image.crc32c, image.length));
  append_u32(back_, masked_crc32c(sum));

  if (Result<> wrote = out_.write(bytes_of(head)); !wrote) return wrote;
  if (Result<> wrote = out_.write(bytes_of(front_)); !wrote) return wrote;
  Result<> copied = out_.append_known(*image.file, image.offset, image.length, image.crc32c);
  if (!copied) return copied;
  return out_.write(bytes_of(back_));
}

Result<FileFacts> TfrecordFile::finish() {
  if (Result<> flushed = out_.flush(); !flushed) return std::unexpected(std::move(flushed).error());
  return out_.facts();
}

}  // namespace pixhaul::writers
