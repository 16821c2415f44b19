#include "image/probe_avif.h"

#include <algorithm>
#include <string_view>

#include "image/orientation.h"

// Two passes: the outer boxes as they arrive, and the gathered meta box with random access. A
// grid's tiles are items of their own, so the extents of all items, not the primary's alone, must
// lie in the file.

namespace pixhaul::image {
namespace {

constexpr std::uint64_t kBoxHead = 8;

constexpr std::uint32_t four_letters(std::string_view text) {
  std::uint32_t value = 0;
  for (const char letter : text) value = value << 8 | static_cast<std::uint8_t>(letter);
  return value;
}

/// Reads numbers off the front. A read past the end gives 0 and makes `failed()` true for good.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool is_empty() const { return rest_.empty(); }
  [[nodiscard]] std::size_t size() const { return rest_.size(); }

  /// `length`: 0 to 8 bytes; 0 gives 0.
  std::uint64_t number(std::size_t length) {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes(length)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  Bytes bytes(std::size_t length) {
    if (length > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.first(length);
    rest_ = rest_.subspan(length);
    return taken;
  }

 private:
  Bytes rest_;
  bool failed_ = false;
};

struct Box {
  std::uint32_t type = 0;
  Bytes content{};
};

// ISO 14496-12 §4.2: size, type; size 1: a 64-bit size follows; size 0: to the end of what holds
// it.
Box next_box_of(Reader& reader) {
  const std::size_t available = reader.size();
  std::uint64_t size = reader.number(4);
  Box box{.type = static_cast<std::uint32_t>(reader.number(4))};
  std::uint64_t head = kBoxHead;
  if (size == 1) {
    size = reader.number(8);
    head += 8;
  }
  if (size == 0) size = available;
  box.content = reader.bytes(size < head ? available + 1 : size - head);
  return box;
}

std::optional<Bytes> find_box(Bytes content, std::uint32_t type) {
  Reader reader(content);
  while (!reader.is_empty()) {
    const Box box = next_box_of(reader);
    if (reader.failed()) return std::nullopt;
    if (box.type == type) return box.content;
  }
  return std::nullopt;
}

// ISO 14496-12 §8.11.4: pitm: item_ID of 16 bits in version 0, else 32.
std::optional<std::uint64_t> primary_item(Bytes meta) {
  const std::optional<Bytes> pitm = find_box(meta, four_letters("pitm"));
  if (!pitm) return std::nullopt;
  Reader reader(*pitm);
  const std::uint64_t version = reader.number(4) >> 24;
  const std::uint64_t item = reader.number(version == 0 ? 2 : 4);
  if (reader.failed()) return std::nullopt;
  return item;
}

// ISO 23008-12 §6.5.3: ispe: image_width, image_height. Properties count from 1 in ipco.
std::optional<Dimensions> spatial_extent(Bytes properties, std::uint64_t index) {
  Reader reader(properties);
  for (std::uint64_t at = 1; at <= index && !reader.is_empty(); ++at) {
    const Box box = next_box_of(reader);
    if (at != index || box.type != four_letters("ispe")) continue;
    Reader extent(box.content);
    extent.number(4);
    const auto width = static_cast<std::uint32_t>(extent.number(4));
    const auto height = static_cast<std::uint32_t>(extent.number(4));
    if (extent.failed()) return std::nullopt;
    return Dimensions{.width = width, .height = height};
  }
  return std::nullopt;
}

/// The property indices of one item, each `index_length` bytes with the essential bit on top.
struct Associations {
  Bytes indices{};
  std::size_t index_length = 1;
};

// ISO 23008-12 §9.3: ipma: entry_count, then item_ID (16 bits, 32 from version 1) with
// association_count times essential (1 bit) and property_index (7 bits, 15 with flag 1). "each
// item_ID shall occur at most once": the first counts, so that repeats cost no time.
std::optional<Associations> associations_of(Bytes ipma, std::uint64_t item) {
  Reader reader(ipma);
  const std::uint64_t version_flags = reader.number(4);
  const std::size_t id_length = version_flags >> 24 < 1 ? 2 : 4;
  const std::size_t index_length = (version_flags & 1) != 0 ? 2 : 1;
  for (std::uint64_t entries = reader.number(4); entries > 0 && !reader.failed(); --entries) {
    const std::uint64_t id = reader.number(id_length);
    const std::uint64_t count = reader.number(1);
    const Bytes indices = reader.bytes(count * index_length);
    if (id == item && !reader.failed()) return Associations{indices, index_length};
  }
  return std::nullopt;
}

std::optional<Associations> primary_associations(Bytes iprp, std::uint64_t item) {
  Reader reader(iprp);
  while (!reader.is_empty()) {
    const Box box = next_box_of(reader);
    if (box.type != four_letters("ipma")) continue;
    const std::optional<Associations> found = associations_of(box.content, item);
    if (found) return found;
  }
  return std::nullopt;
}

/// The properties of the primary item: which of those in `ipco`, in their order.
struct Properties {
  Bytes ipco{};
  std::vector<std::uint64_t> indices{};
};

std::optional<Properties> primary_properties(Bytes meta, std::uint64_t item) {
  const std::optional<Bytes> iprp = find_box(meta, four_letters("iprp"));
  if (!iprp) return std::nullopt;
  const std::optional<Bytes> ipco = find_box(*iprp, four_letters("ipco"));
  const std::optional<Associations> associations = primary_associations(*iprp, item);
  if (!ipco || !associations) return std::nullopt;
  const std::uint64_t mask = associations->index_length == 2 ? 0x7FFF : 0x7F;
  Properties properties{.ipco = *ipco};
  Reader reader(associations->indices);
  while (!reader.is_empty())
    properties.indices.push_back(reader.number(associations->index_length) & mask);
  return properties;
}

std::optional<Dimensions> dimensions_of(const Properties& properties) {
  for (const std::uint64_t index : properties.indices) {
    const std::optional<Dimensions> extent = spatial_extent(properties.ipco, index);
    if (extent) return extent;
  }
  return std::nullopt;
}

// ISO 23008-12 §6.5.10 irot: quarter turns counter-clockwise; §6.5.12 imir: 0 exchanges top and
// bottom, 1 left and right. AV1 Image File Format §2.3: irot is applied before imir. One pass over
// all properties, whatever their number.
Orientation orientation_of(Properties properties) {
  std::ranges::sort(properties.indices);
  std::uint64_t turns = 0;
  std::optional<std::uint64_t> mirror;
  Reader reader(properties.ipco);
  for (std::uint64_t index = 1; !reader.is_empty(); ++index) {
    const Box box = next_box_of(reader);
    const bool is_irot = box.type == four_letters("irot");
    if (!is_irot && box.type != four_letters("imir")) continue;
    if (!std::ranges::binary_search(properties.indices, index) || box.content.empty()) continue;
    const auto value = static_cast<std::uint64_t>(box.content.front());
    if (is_irot) {
      turns = value & 3;
    } else {
      mirror = value & 1;
    }
  }
  using enum Orientation;
  constexpr Orientation kTurned[] = {top_left, left_bottom, bottom_right, right_top};
  constexpr Orientation kMirrored[][2] = {{bottom_left, top_right},
                                          {left_top, right_bottom},
                                          {top_right, bottom_left},
                                          {right_bottom, left_top}};
  return mirror ? kMirrored[turns][*mirror] : kTurned[turns];
}

struct Extents {
  std::uint64_t file_end = 0;  // of all items that lie in the file
  std::uint64_t idat_end = 0;  // of all items that lie in `idat`
  bool has_primary = false;    // the primary item has at least one byte somewhere
};

/// One entry of iloc; lengths in bytes of its numbers, as the box states them.
struct LocationLayout {
  std::uint64_t version = 0;
  std::size_t offset = 0, length = 0, base = 0, index = 0;
};

void add_item(Reader& reader, const LocationLayout& layout, std::uint64_t primary,
              Extents& extents) {
  const std::uint64_t item = reader.number(layout.version < 2 ? 2 : 4);
  const std::uint64_t method = layout.version == 0 ? 0 : reader.number(2) & 15;
  const std::uint64_t reference = reader.number(2);
  const std::uint64_t base = reader.number(layout.base);
  std::uint64_t extent_count = reader.number(2);
  // With no bytes an extent all are alike: a count of 65535 would only cost time.
  if (layout.index + layout.offset + layout.length == 0)
    extent_count = std::min<std::uint64_t>(extent_count, 1);
  for (; extent_count > 0 && !reader.failed(); --extent_count) {
    reader.number(layout.index);
    const std::uint64_t offset = reader.number(layout.offset);
    const std::uint64_t length = reader.number(layout.length);
    // Sums of two or three 63-bit numbers; anything larger lies outside of every file.
    constexpr std::uint64_t kFar = std::uint64_t{1} << 62;
    const std::uint64_t end =
        std::min(base, kFar) + std::min(offset, kFar) + std::min(length, kFar);
    if (item == primary) extents.has_primary = true;
    if (method == 0 && reference == 0) extents.file_end = std::max(extents.file_end, end);
    if (method == 1) extents.idat_end = std::max(extents.idat_end, end);
  }
}

// ISO 14496-12 §8.11.3: iloc. construction_method 0: in the file; 1: in idat; 2: in another item.
std::optional<Extents> item_extents(Bytes meta, std::uint64_t primary) {
  const std::optional<Bytes> iloc = find_box(meta, four_letters("iloc"));
  if (!iloc) return std::nullopt;
  Reader reader(*iloc);
  LocationLayout layout{.version = reader.number(4) >> 24};
  const std::uint64_t lengths = reader.number(2);
  layout.offset = lengths >> 12 & 15;
  layout.length = lengths >> 8 & 15;
  layout.base = lengths >> 4 & 15;
  layout.index = layout.version == 0 ? 0 : lengths & 15;
  if (layout.version > 2 ||
      std::max({layout.offset, layout.length, layout.base, layout.index}) > 8) {
    return std::nullopt;
  }
  Extents extents;
  std::uint64_t item_count = reader.number(layout.version < 2 ? 2 : 4);
  for (; item_count > 0 && !reader.failed(); --item_count)
    add_item(reader, layout, primary, extents);
  if (reader.failed()) return std::nullopt;
  return extents;
}

}  // namespace

Step AvifWalker::start() { return next_box(0); }

Step AvifWalker::next_box(std::uint64_t skip) {
  state_ = State::box;
  return skip_then_take(skip, kBoxHead);
}

Step AvifWalker::take(Bytes bytes, Findings& findings) {
  if (state_ == State::large_size) return on_box(big_64(bytes, 0), 2 * kBoxHead, findings);
  const std::uint32_t size = big_32(bytes, 0);
  type_ = big_32(bytes, 4);
  if (size != 1) return on_box(size, kBoxHead, findings);
  state_ = State::large_size;
  return take_next(8);
}

Step AvifWalker::on_box(std::uint64_t size, std::uint64_t head, Findings& findings) {
  // ISO 14496-12 §4.2: "if size is 0, then this box shall be in a top-level box (i.e. not contained
  // in another box), ... and ... its contents extend to the end of the file". Such a file is
  // measured by its items' extents alone.
  if (size == 0 && type_ != four_letters("meta")) {
    state_ = State::open_end;
    return scan_on();
  }
  if (size < head) return refuse_damaged(findings, "AVIF box shorter than its header");
  if (type_ == four_letters("moov")) has_movie_ = true;
  if (type_ != four_letters("meta")) return next_box(size - head);
  if (has_meta_) return refuse_damaged(findings, "a second meta box in an AVIF");
  meta_wanted_ = size - head;
  if (meta_wanted_ < 4 || meta_wanted_ > kLongestMeta) {
    return refuse_damaged(findings, "AVIF meta box of an impossible length");
  }
  state_ = State::meta;
  return scan_on();
}

Step AvifWalker::scan(Bytes& input, Findings& findings) {
  const std::size_t count =
      state_ == State::open_end
          ? input.size()
          : std::min<std::uint64_t>(input.size(), meta_wanted_ - meta_.size());
  findings.position += count;
  const Bytes taken = input.first(count);
  input = input.subspan(count);
  if (state_ == State::open_end) return scan_on();
  meta_.insert(meta_.end(), taken.begin(), taken.end());
  return meta_.size() < meta_wanted_ ? scan_on() : on_meta(findings);
}

Step AvifWalker::on_meta(Findings& findings) {
  has_meta_ = true;
  const Bytes meta = Bytes(meta_).subspan(4);  // behind version and flags
  const std::optional<std::uint64_t> primary = primary_item(meta);
  if (!primary) return refuse_damaged(findings, "AVIF without a primary item");
  const std::optional<Properties> properties = primary_properties(meta, *primary);
  const auto dimensions = properties ? dimensions_of(*properties) : std::nullopt;
  if (!dimensions) return refuse_damaged(findings, "AVIF primary item without dimensions");
  findings.orientation = orientation_of(*properties);
  if (!accept_dimensions(findings, dimensions->width, dimensions->height)) return refused_already();
  const std::optional<Extents> extents = item_extents(meta, *primary);
  if (!extents || !extents->has_primary) {
    return refuse_damaged(findings, "AVIF primary item without a place in the file");
  }
  const std::optional<Bytes> idat = find_box(meta, four_letters("idat"));
  if (extents->idat_end > (idat ? idat->size() : 0)) {
    return refuse_damaged(findings, "AVIF item reaches out of its idat box");
  }
  needed_size_ = extents->file_end;
  meta_ = {};
  return next_box(0);
}

std::optional<Error> AvifWalker::finish(const End& end) const {
  const bool between_boxes = state_ == State::box && end.step.kind == Step::Kind::take &&
                             end.step.skip == 0 && !end.partial;
  if (!between_boxes && state_ != State::open_end) {
    return truncated_error("AVIF ends inside a box");
  }
  if (!has_meta_ && !has_movie_) return truncated_error("AVIF ends before its meta box");
  if (end.size < needed_size_) return truncated_error("AVIF ends before its image data");
  return std::nullopt;
}

}  // namespace pixhaul::image
