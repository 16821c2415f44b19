#include "image/probe_tiff.h"

#include <algorithm>
#include <array>

// The walk only goes forward: from the header to the first directory, through its entries, then to
// whichever comes first of the offsets array, the byte counts array and the next directory.

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kImageWidth = 256;
constexpr std::uint32_t kImageLength = 257;
constexpr std::uint32_t kStripOffsets = 273;
constexpr std::uint32_t kStripByteCounts = 279;
constexpr std::uint32_t kTileOffsets = 324;
constexpr std::uint32_t kTileByteCounts = 325;

constexpr std::uint32_t kMostDirectories = 4096;  // pages; each lies ahead of the one before it
constexpr std::uint64_t kFar = std::uint64_t{1} << 62;

// TIFF 6.0 §2, "Types", 1 to 12; then IFD (13) and BigTIFF's LONG8, SLONG8, IFD8 (16 to 18). 0:
// unknown, and "readers should skip over fields containing an unexpected field type".
constexpr std::array<std::uint8_t, 19> kTypeLengths = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                                       8, 4, 8, 4, 0, 0, 8, 8, 8};

}  // namespace

struct TiffWalker::Entry {
  std::uint64_t count = 0;
  std::uint64_t value = 0;  // the first number when it is held inline, else the offset of them all
  std::uint8_t length = 0;  // of one number
  bool is_inline = false;
};

Step TiffWalker::start() { return take_next(8); }

std::uint64_t TiffWalker::number(Bytes bytes, std::size_t at, std::size_t length) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) {
    value = value << 8 | byte_at(bytes, at + (is_big_endian_ ? i : length - 1 - i));
  }
  return value;
}

Step TiffWalker::take(Bytes bytes, Findings& findings) {
  switch (state_) {
    case State::header:
    case State::big_header:
      return on_header(bytes, findings);
    case State::count:
      return on_count(bytes, findings);
    case State::entry:
      return on_entry(bytes, findings);
    case State::next:
      return on_next(bytes, findings);
    case State::values:
      return on_value(bytes, findings);
  }
  return refused_already();
}

Step TiffWalker::on_header(Bytes bytes, Findings& findings) {
  // TIFF 6.0 §2: byte order, 42, offset of the first IFD. BigTIFF: byte order, 43, 8, 0, 8-byte
  // offset.
  if (state_ == State::header) {
    is_big_endian_ = byte_at(bytes, 0) == 'M';
    is_big_ = number(bytes, 2, 2) == 43;
    if (is_big_) {
      if (number(bytes, 4, 4) != (is_big_endian_ ? 0x00080000U : 8U)) {
        return refuse_damaged(findings, "BigTIFF with offsets of an unknown length");
      }
      state_ = State::big_header;
      return take_next(8);
    }
  }
  next_directory_ = state_ == State::header ? number(bytes, 4, 4) : number(bytes, 0, 8);
  if (next_directory_ < findings.position || next_directory_ > kFar) {
    return refuse_damaged(findings, "TIFF without a directory");
  }
  return next_ahead(findings);
}

Step TiffWalker::on_count(Bytes bytes, Findings& findings) {
  entries_left_ = number(bytes, 0, is_big_ ? 8 : 2);
  // TIFF 6.0 §2: "There must be at least 1 IFD in a TIFF file and each IFD must have at least one
  // entry."
  if (entries_left_ == 0 || entries_left_ > 0xFFFF) {
    return refuse_damaged(findings, "TIFF directory with an impossible entry count");
  }
  forget_directory();
  ++entries_left_;
  return next_entry();
}

void TiffWalker::forget_directory() {
  offsets_ = {};
  byte_counts_ = {};
  has_last_offset_ = false;
  last_offset_ = last_index_ = final_count_ = final_count_index_ = 0;
}

Step TiffWalker::next_entry() {
  if (--entries_left_ > 0) {
    state_ = State::entry;
    return take_next(is_big_ ? 20 : 12);
  }
  state_ = State::next;
  return take_next(is_big_ ? 8 : 4);
}

void TiffWalker::need(std::uint64_t end) {
  needed_size_ = std::max(needed_size_, std::min(end, kFar));
}

Step TiffWalker::on_entry(Bytes bytes, Findings& findings) {
  // TIFF 6.0 §2: tag, type, count, then the offset of the values, or the values themselves if they
  // fit into the offset's 4 bytes (8 in BigTIFF).
  const std::size_t word = is_big_ ? 8 : 4;
  const std::uint64_t tag = number(bytes, 0, 2);
  const std::uint64_t type = number(bytes, 2, 2);
  Entry entry{.count = number(bytes, 4, word)};
  entry.length = type < kTypeLengths.size() ? kTypeLengths[type] : 0;
  if (entry.length == 0 || entry.count == 0) return next_entry();
  if (entry.count > kFar / 8) return refuse_damaged(findings, "TIFF entry too long");
  entry.is_inline = entry.count * entry.length <= word;
  entry.value = number(bytes, 4 + word, entry.is_inline ? entry.length : word);
  if (!entry.is_inline) need(std::min(entry.value, kFar) + entry.count * entry.length);

  const auto side = static_cast<std::uint32_t>(std::min<std::uint64_t>(entry.value, 0xFFFFFFFF));
  if (directory_count_ == 1 && tag == kImageWidth) width_ = side;
  if (directory_count_ == 1 && tag == kImageLength) height_ = side;
  const bool is_offsets = tag == kStripOffsets || tag == kTileOffsets;
  if (is_offsets || tag == kStripByteCounts || tag == kTileByteCounts) {
    note_array(is_offsets, entry, bytes.subspan(4 + word));
  }
  return next_entry();
}

void TiffWalker::note_array(bool is_offsets, const Entry& entry, Bytes values) {
  if (!entry.is_inline) {
    (is_offsets ? offsets_ : byte_counts_) = {
        .at = entry.value, .remaining = entry.count, .length = entry.length};
    return;
  }
  for (std::uint64_t index = 0; index < entry.count; ++index) {
    note_number(is_offsets, index, number(values, index * entry.length, entry.length));
  }
}

void TiffWalker::note_number(bool is_offset, std::uint64_t index, std::uint64_t value) {
  value = std::min(value, kFar);
  if (!is_offset) {
    final_count_ = value;
    final_count_index_ = index;
  } else if (!has_last_offset_ || value >= last_offset_) {
    last_offset_ = value;
    last_index_ = index;
    has_last_offset_ = true;
  }
  // Either array may come first; of counts read before their offsets only the final one is kept,
  // which belongs to the largest offset in every ordinary file.
  need(last_offset_);
  if (has_last_offset_ && final_count_index_ == last_index_) need(last_offset_ + final_count_);
}

Step TiffWalker::on_next(Bytes bytes, Findings& findings) {
  next_directory_ = number(bytes, 0, is_big_ ? 8 : 4);
  if (next_directory_ != 0) need(std::min(next_directory_, kFar) + 2);
  if (!has_directory_) {
    has_directory_ = true;
    if (!accept_dimensions(findings, width_, height_)) return refused_already();
  }
  return next_ahead(findings);
}

Step TiffWalker::next_ahead(Findings& findings) {
  // What has been passed cannot be read any more.
  for (std::uint64_t* place : {&offsets_.at, &byte_counts_.at, &next_directory_}) {
    if (*place < findings.position) *place = 0;
  }
  const auto before = [](std::uint64_t left, std::uint64_t right) {
    return left != 0 && (right == 0 || left <= right);
  };
  Array& array = before(byte_counts_.at, offsets_.at) && byte_counts_.at != offsets_.at
                     ? byte_counts_
                     : offsets_;
  if (before(array.at, next_directory_)) {
    is_reading_offsets_ = &array == &offsets_;
    state_ = State::values;
    return skip_then_take(array.at - findings.position, array.length);
  }
  if (next_directory_ == 0) {
    return skip_then_end(std::max(needed_size_, findings.position) - findings.position);
  }
  if (++directory_count_ > kMostDirectories) {
    return refuse(findings, ErrorCode::too_complex, "too many TIFF directories");
  }
  const std::uint64_t skip = next_directory_ - findings.position;
  next_directory_ = 0;
  state_ = State::count;
  return skip_then_take(skip, is_big_ ? 8 : 2);
}

Step TiffWalker::on_value(Bytes bytes, Findings& findings) {
  Array& array = is_reading_offsets_ ? offsets_ : byte_counts_;
  note_number(is_reading_offsets_, array.index++, number(bytes, 0, array.length));
  if (--array.remaining > 0) return take_next(array.length);
  array.at = 0;
  return next_ahead(findings);
}

std::optional<Error> TiffWalker::finish(const End& end) const {
  if (end.is_complete()) return std::nullopt;
  if (end.step.kind == Step::Kind::trailing)
    return truncated_error("TIFF ends before its image data");
  return truncated_error(has_directory_ ? "TIFF ends inside a directory"
                                        : "TIFF ends before its first directory");
}

}  // namespace pixhaul::image
