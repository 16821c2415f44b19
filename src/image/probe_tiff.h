#pragma once

#include "image/probe_step.h"

namespace pixhaul::image {

/// Walks the image file directories of a TIFF 6.0 or BigTIFF that lie ahead of what has been read.
///
/// Bytes that have passed are gone, so the check is as strong as the file's order lets it be: every
/// directory in the chain must be whole, every value out of line must lie in the file, and so must
/// the last strip or tile of each directory whose offsets stand behind it. Where the offsets stand
/// before their directory (strips first, directory last) the directory's arrival proves that they
/// came.
class TiffWalker {
 public:
  [[nodiscard]] Step start();
  [[nodiscard]] Step take(Bytes bytes, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { header, big_header, count, entry, next, values };

  /// An array of numbers that an entry refers to: strip or tile offsets, or their byte counts.
  struct Array {
    std::uint64_t at = 0;         // file offset of its next number; 0: read, or passed
    std::uint64_t remaining = 0;  // how many are still to be read
    std::uint64_t index = 0;      // of the next number
    std::uint8_t length = 0;      // of a number, in bytes
  };
  struct Entry;

  std::uint64_t number(Bytes bytes, std::size_t at, std::size_t length) const;
  Step on_header(Bytes bytes, Findings& findings);
  Step on_count(Bytes bytes, Findings& findings);
  Step on_entry(Bytes bytes, Findings& findings);
  Step on_next(Bytes bytes, Findings& findings);
  Step on_value(Bytes bytes, Findings& findings);
  Step next_entry();
  Step next_ahead(Findings& findings);
  void note_array(bool is_offsets, const Entry& entry, Bytes values);
  void note_number(bool is_offset, std::uint64_t index, std::uint64_t value);
  void need(std::uint64_t end);
  void forget_directory();

  State state_ = State::header;
  bool is_big_endian_ = false;
  bool is_big_ = false;  // BigTIFF: 64-bit counts and offsets
  bool is_reading_offsets_ = false;
  bool has_directory_ = false;  // the first one is whole
  std::uint32_t directory_count_ = 0;
  std::uint64_t entries_left_ = 0;
  std::uint64_t next_directory_ = 0;
  std::uint64_t needed_size_ = 0;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  Array offsets_{};
  Array byte_counts_{};
  std::uint64_t last_offset_ = 0;  // the largest strip or tile offset of the directory at hand
  std::uint64_t last_index_ = 0;   // its place in the array
  bool has_last_offset_ = false;
  std::uint64_t final_count_ = 0;  // the last byte count read, and its place in the array
  std::uint64_t final_count_index_ = 0;
};

}  // namespace pixhaul::image
