#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pixhaul::image {

/// How a tag's values become text.
enum class TagForm : std::uint8_t {
  plain,          ///< a number, or a list of numbers
  characters,     ///< numbers that are characters
  names,          ///< each value by its name, one behind the other
  gps_directory,  ///< the offset of a directory, which is printed too
  interoperability_directory,
};

struct ValueName {
  std::uint32_t value = 0;
  std::string_view name{};
};

struct ExifTag {
  std::uint16_t tag = 0;
  std::string_view name{};
  TagForm form = TagForm::plain;
  std::span<const ValueName> names{};
};

/// Which directory a tag stands in: the same numbers mean other things there.
enum class TagSpace : std::uint8_t { image, gps, interoperability };

/// Null for tags without a name.
[[nodiscard]] const ExifTag* find_exif_tag(TagSpace space, std::uint16_t tag);

}  // namespace pixhaul::image
