#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

#include "image/exif.h"
#include "image/exif_tags.h"
#include "image/python_text.h"
#include "image/tiff_structure.h"

// The text that img2dataset writes of a picture's tags: json.dumps({name: str(tag).strip()}) over
// what ExifRead 3 finds with details=False. Directories are printed in its order: the chain of
// directories from the header (Image, Thumbnail, IFD 2 …), each with the GPS and interoperability
// directories where their pointers stand, then the EXIF directory. Its values are Python objects;
// what their str() gives is written here directly. MakerNote, UserComment and XMP are left out, as
// there.
//
// One thing differs: the fork of ExifRead that img2dataset 1.47 pins (exifread-nocycle 3.0.1) reads
// every single byte as 0, so that its "EXIF ExifVersion" is always empty; here it is "0232".
//
// A stranger's directory may point at itself or at its parent, and a thousand entries may share one
// long value: the chain is left where it repeats, and entries and the text they give are counted.

namespace pixhaul::image {
namespace {

constexpr std::size_t kMostEntries = 1000;     // in all directories together
constexpr std::size_t kMostText = 256 * 1024;  // of all values together
constexpr std::uint32_t kMostValues = 1000;    // of one tag, from which on ExifRead reads none
constexpr std::uint32_t kMostListed = 50;      // values, above which a list is cut
constexpr std::uint32_t kFirstListed = 20;     // values that are left of it

constexpr std::uint16_t kXmp = 0x02BC;
constexpr std::uint16_t kExifOffset = 0x8769;
constexpr std::uint16_t kMakerNote = 0x927C;
constexpr std::uint16_t kUserComment = 0x9286;

bool is_left_out(std::uint16_t tag) {
  return tag == kXmp || tag == kMakerNote || tag == kUserComment;
}

/// TIFF's types, by their numbers there.
enum class Type : std::uint16_t {
  byte = 1,
  ascii = 2,
  short_int = 3,
  long_int = 4,
  rational = 5,
  signed_byte = 6,
  undefined = 7,
  signed_short = 8,
  signed_long = 9,
  signed_rational = 10,
  float_single = 11,
  float_double = 12,
};

bool is_signed(Type type) {
  return type == Type::signed_byte || type == Type::signed_short || type == Type::signed_long ||
         type == Type::signed_rational;
}

std::int64_t signed_number(std::uint64_t bits, std::uint32_t length) {
  const std::uint32_t unused = 64 - 8 * length;
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

/// One value of a tag, as text and, where it is a whole number, as that.
struct Value {
  std::string text{};
  std::int64_t number = -1;
  bool is_ratio = false;  ///< to be looked up as a number, but never a character
};

/// Reduced; a whole number is one.
Value ratio(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0) return {.text = fmt::format("{}/0", numerator)};
  const std::int64_t divisor =
      std::gcd(numerator, denominator) * (denominator < 0 ? std::int64_t{-1} : std::int64_t{1});
  numerator /= divisor;
  denominator /= divisor;
  if (denominator == 1)
    return {.text = fmt::format("{}", numerator), .number = numerator, .is_ratio = true};
  return {.text = fmt::format("{}/{}", numerator, denominator)};
}

std::optional<Value> read_value(const TiffStructure& tiff, const TiffEntry& entry,
                                std::uint32_t index) {
  const Type type{entry.type};
  const std::uint32_t length = tiff_type_bytes(entry.type);
  const std::uint64_t at = entry.value_at + std::uint64_t{index} * length;
  const auto bits = tiff.number(at, length);
  if (!bits) return std::nullopt;
  switch (type) {
    case Type::rational:
    case Type::signed_rational: {
      const auto part = [&](std::uint64_t from) {
        const std::uint64_t number = *tiff.number(from, 4);
        return is_signed(type) ? signed_number(number, 4) : static_cast<std::int64_t>(number);
      };
      return ratio(part(at), part(at + 4));
    }
    case Type::float_single:
      return Value{.text =
                       python_float_tuple(std::bit_cast<float>(static_cast<std::uint32_t>(*bits)))};
    case Type::float_double:
      return Value{.text = python_float_tuple(std::bit_cast<double>(*bits))};
    default: {
      const std::int64_t number =
          is_signed(type) ? signed_number(*bits, length) : static_cast<std::int64_t>(*bits);
      return Value{.text = fmt::format("{}", number), .number = number};
    }
  }
}

/// Nothing when one of them lies outside the structure.
std::optional<std::vector<Value>> read_values(const TiffStructure& tiff, const TiffEntry& entry) {
  std::vector<Value> values;
  if (entry.count >= kMostValues) return values;
  for (std::uint32_t i = 0; i < entry.count; ++i) {
    auto value = read_value(tiff, entry, i);
    if (!value) return std::nullopt;
    values.push_back(*std::move(value));
  }
  return values;
}

std::string list_text(std::span<const Value> values) {
  std::string text = "[";
  for (const Value& value : values) {
    if (text.size() > 1) text += ", ";
    text += value.text;
  }
  return text + "]";
}

std::string plain_text(std::span<const Value> values, std::uint32_t count) {
  if (count == 1 && !values.empty()) return values[0].text;
  if (count <= kMostListed || values.empty()) return list_text(values);
  std::string text = list_text(values.first(kFirstListed));
  text.pop_back();
  return text + ", ... ]";
}

/// Characters 32 to 255 of a list of numbers, as UTF-8. Without any, all numbers in a row; nothing
/// when these are all zero.
std::string characters(std::span<const Value> values) {
  std::string text;
  for (const Value& value : values) {
    if (value.is_ratio || value.number < 32 || value.number > 255) continue;
    const auto code = static_cast<std::uint8_t>(value.number);
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else {
      text += static_cast<char>(0xC0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  if (!text.empty()) return text;
  for (const Value& value : values) text += value.text;
  return text.find_first_not_of('0') == std::string::npos ? "" : text;
}

std::string names_of(std::span<const Value> values, std::span<const ValueName> names) {
  std::string text;
  for (const Value& value : values) {
    const auto found = std::ranges::find_if(
        names, [&](const ValueName& name) { return std::int64_t{name.value} == value.number; });
    text += found == names.end() ? value.text : std::string(found->name);
  }
  return text;
}

/// Up to the first NUL.
std::string ascii_text(const TiffStructure& tiff, const TiffEntry& entry) {
  const Bytes bytes = tiff.bytes(entry.value_at, std::min<std::uint64_t>(entry.count, kMostExif));
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text = text.substr(0, text.find('\0'));
  return python_text(text);
}

// ---- directories

/// The tags of one file, in the order in which their names came first, as a Python dict keeps them.
class Tags {
 public:
  explicit Tags(const TiffStructure& tiff) : tiff_(tiff) {}

  void read_all() {
    std::vector<std::uint32_t> seen;
    std::uint32_t directory = tiff_.first_directory();
    while (directory != 0 && std::ranges::find(seen, directory) == seen.end() && left_ > 0) {
      read(directory, chain_name(seen.size()), TagSpace::image);
      seen.push_back(directory);
      directory = tiff_.next_directory(directory);
    }
    if (exif_directory_ > 0)
      read(static_cast<std::uint32_t>(exif_directory_), "EXIF", TagSpace::image);
  }

  [[nodiscard]] std::string json() const {
    std::string json = "{";
    for (const auto& [name, text] : tags_) {
      if (json.size() > 1) json += ", ";
      append_json_dump(json, name);
      json += ": ";
      append_json_dump(json, python_strip(text));
    }
    return json + "}";
  }

 private:
  static std::string chain_name(std::size_t index) {
    if (index == 0) return "Image";
    return index == 1 ? "Thumbnail" : fmt::format("IFD {}", index);
  }

  void read(std::uint32_t directory, std::string_view name, TagSpace space) {
    const std::vector<TiffEntry> entries = tiff_.entries(directory, left_);
    left_ -= std::min(entries.size(), left_);
    for (const TiffEntry& entry : entries) {
      if (!is_left_out(entry.tag)) read_entry(entry, name, space);
    }
  }

  void read_entry(const TiffEntry& entry, std::string_view directory, TagSpace space) {
    const ExifTag* tag = find_exif_tag(space, entry.tag);
    const ExifTag described = tag == nullptr ? ExifTag{} : *tag;
    std::string name = tag == nullptr ? fmt::format("{} Tag 0x{:04X}", directory, entry.tag)
                                      : fmt::format("{} {}", directory, described.name);
    if (Type{entry.type} == Type::ascii) {
      std::string text = ascii_text(tiff_, entry);
      set(std::move(name), described.form == TagForm::names ? python_characters(text) : text);
      return;
    }
    const auto values = read_values(tiff_, entry);
    if (!values) return;
    follow(described.form, *values);
    if (entry.tag == kExifOffset && directory == "Image" && !values->empty()) {
      exif_directory_ = values->front().number;
    }
    set(std::move(name), text_of(described, *values, entry.count));
  }

  static std::string text_of(const ExifTag& tag, std::span<const Value> values,
                             std::uint32_t count) {
    if (tag.form == TagForm::names) return names_of(values, tag.names);
    if (tag.form == TagForm::characters) return characters(values);
    return plain_text(values, count);
  }

  /// The directories that stand inside another one's list come before the tag that points there.
  void follow(TagForm form, std::span<const Value> values) {
    if (values.empty() || values[0].number <= 0) return;
    const auto directory = static_cast<std::uint32_t>(values[0].number);
    if (form == TagForm::gps_directory) read(directory, "GPS", TagSpace::gps);
    if (form == TagForm::interoperability_directory) {
      read(directory, "Interoperability", TagSpace::interoperability);
    }
  }

  void set(std::string name, std::string text) {
    if (text.size() > room_) return;
    room_ -= text.size();
    const auto [found, is_new] = places_.try_emplace(name, tags_.size());
    if (is_new) {
      tags_.emplace_back(std::move(name), std::move(text));
    } else {
      tags_[found->second].second = std::move(text);
    }
  }

  const TiffStructure& tiff_;
  std::size_t left_ = kMostEntries;
  std::size_t room_ = kMostText;
  std::int64_t exif_directory_ = 0;
  std::vector<std::pair<std::string, std::string>> tags_{};
  std::unordered_map<std::string, std::size_t> places_{};
};

}  // namespace

std::string exif_text(Bytes file) {
  const auto tiff = TiffStructure::open(find_exif(file));
  if (!tiff) return "{}";
  Tags tags(*tiff);
  tags.read_all();
  return tags.json();
}

}  // namespace pixhaul::image
