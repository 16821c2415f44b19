#pragma once

#include <optional>
#include <vector>

#include "image/probe_step.h"

namespace pixhaul::image {

/// One line of a TIFF directory, EXIF's included.
struct TiffEntry {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;  ///< TIFF 6.0 §2: 1 BYTE … 12 DOUBLE; 13 IFD
  std::uint32_t count = 0;
  std::uint64_t value_at = 0;  ///< in the structure: of the value itself, wherever it stands
};

/// Bytes in a value of that type; 0 for types that are none.
[[nodiscard]] std::uint32_t tiff_type_bytes(std::uint16_t type);

/// Reads the numbers and directories of a TIFF structure (TIFF 6.0 §2), which is what EXIF tags
/// stand in. Every read is checked; nothing is allocated but the entries of a directory. The bytes
/// outlive this. Immutable.
class TiffStructure {
 public:
  /// Nothing where the first bytes are no byte order.
  [[nodiscard]] static std::optional<TiffStructure> open(Bytes bytes);

  /// An unsigned number of 1, 2, 4 or 8 bytes; nothing outside the structure.
  [[nodiscard]] std::optional<std::uint64_t> number(std::uint64_t at, std::uint32_t length) const;
  /// Bytes outside the structure are left out.
  [[nodiscard]] Bytes bytes(std::uint64_t at, std::uint64_t length) const;

  /// 0 for none.
  [[nodiscard]] std::uint32_t first_directory() const;
  [[nodiscard]] std::uint32_t next_directory(std::uint32_t directory) const;
  /// In the order of the file, as far as they lie in the structure, at most `most`; those of types
  /// that are none are left out.
  [[nodiscard]] std::vector<TiffEntry> entries(std::uint32_t directory, std::size_t most) const;

 private:
  TiffStructure(Bytes bytes, bool is_big) : bytes_(bytes), is_big_(is_big) {}

  Bytes bytes_;
  bool is_big_;
};

}  // namespace pixhaul::image
