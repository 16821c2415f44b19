// Reading a TFRecord file back: frames with their sums, and of each Example the key and the image,
// whoever wrote it.
#include <optional>

#include "base/digest.h"
#include "writers/file_pieces.h"
#include "writers/shard_check.h"
#include "writers/tfrecord.h"

namespace pixhaul::writers {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Number>
Number little_endian(std::span<const std::byte> bytes) {
  Number number = 0;
  for (std::size_t i = sizeof(Number); i-- > 0;) {
    number = static_cast<Number>(number << 8) | std::to_integer<Number>(bytes[i]);
  }
  return number;
}

bool masked_sum_is_right(std::span<const std::byte> bytes, std::span<const std::byte> sum) {
  return little_endian<std::uint32_t>(sum) == masked_crc32c(crc32c(bytes));
}

std::optional<std::uint64_t> take_varint(std::string_view& text) {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

// A field of wire type 2 of a protobuf message.
struct Field {
  std::uint64_t number = 0;
  std::string_view bytes{};
};

std::optional<Field> take_field(std::string_view& message) {
  const std::optional<std::uint64_t> tag = take_varint(message);
  if (!tag || (*tag & 7) != 2) return std::nullopt;
  const std::optional<std::uint64_t> length = take_varint(message);
  if (!length || *length > message.size()) return std::nullopt;
  const Field field{.number = *tag >> 3, .bytes = message.substr(0, *length)};
  message.remove_prefix(*length);
  return field;
}

// The bytes of the only field, nested `depth` deep: field 1 each time.
std::optional<std::string_view> unwrap(std::string_view message, int depth) {
  for (; depth > 0; --depth) {
    const std::optional<Field> field = take_field(message);
    if (!field || field->number != 1) return std::nullopt;
    message = field->bytes;
  }
  return message;
}

struct ExampleImage {
  std::string_view key{};
  std::string_view extension{};
  std::string_view bytes{};
};

// Looks only at the two features that each sample has; entries may come in any order, as
// TensorFlow's own writer leaves them.
std::optional<ExampleImage> parse_example(std::string_view data) {
  std::optional<std::string_view> features = unwrap(data, 1);
  if (!features) return std::nullopt;
  ExampleImage image;
  while (!features->empty()) {
    const std::optional<Field> entry = take_field(*features);
    if (!entry) return std::nullopt;
    std::string_view rest = entry->bytes;
    const std::optional<Field> name = take_field(rest);
    const std::optional<Field> feature = take_field(rest);
    if (!name || !feature || feature->number != 2) return std::nullopt;
    const bool is_key = name->bytes == "key";
    if (!is_key && !is_image_extension(name->bytes)) continue;
    const std::optional<std::string_view> value = unwrap(feature->bytes, 2);
    if (!value) return std::nullopt;
    if (is_key) {
      image.key = *value;
    } else {
      image.extension = name->bytes;
      image.bytes = *value;
    }
  }
  if (image.key.empty() || image.extension.empty()) return std::nullopt;
  return image;
}

Result<> check_record(FilePieces& pieces, const ImageVisitor& visit) {
  const std::uint64_t begin = pieces.offset();
  Result<std::span<const std::byte>> head = pieces.take(12, "a record's length");
  if (!head) return std::unexpected(std::move(head).error());
  if (!masked_sum_is_right(head->first(8), head->subspan(8))) {
    return std::unexpected(damaged_at(begin, "a record's length is damaged"));
  }
  const auto size = little_endian<std::uint64_t>(*head);
  if (size > pieces.left() || pieces.left() - size < 4) {
    return std::unexpected(damaged_at(begin, "the file ends within the record"));
  }
  Result<std::span<const std::byte>> record = pieces.take(size + 4, "a record");
  if (!record) return std::unexpected(std::move(record).error());
  const std::span<const std::byte> data = record->first(static_cast<std::size_t>(size));
  if (!masked_sum_is_right(data, record->last(4))) {
    return std::unexpected(damaged_at(begin, "a record is damaged"));
  }
  const std::optional<ExampleImage> image = parse_example(text_of(data));
  if (!image) return std::unexpected(damaged_at(begin, "a record is no sample"));
  if (!visit) return {};
  const std::size_t inside = static_cast<std::size_t>(image->bytes.data() - text_of(data).data());
  return visit(StoredImage{.key = image->key,
                           .extension = image->extension,
                           .offset = begin + 12 + inside,
                           .bytes = data.subspan(inside, image->bytes.size())});
}

}  // namespace

Result<ShardContents> check_tfrecord(const RandomAccessFile& file, const ImageVisitor& visit) {
  Result<FilePieces> pieces = FilePieces::create(file);
  if (!pieces) return std::unexpected(std::move(pieces).error());
  std::uint64_t samples = 0;
  for (; pieces->left() > 0; ++samples) {
    Result<> checked = check_record(*pieces, visit);
    if (!checked) return std::unexpected(std::move(checked).error());
  }
  return ShardContents{.facts = pieces->facts(), .samples = samples};
}

}  // namespace pixhaul::writers
