// Reading a shard's tar back, once and from front to back. Tar has no count and no sum over
// contents: a tar cut at a member's end looks whole to Python's tarfile, which reads 18 % of all
// cuts at 512 bytes without an error. What makes a cut visible is that the end is demanded: two
// zero blocks, and the padding behind them up to a whole record. Within members only the sum of the
// whole file tells, so it is computed on the way.
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string>

#include "writers/file_pieces.h"
#include "writers/shard_check.h"
#include "writers/tar.h"

namespace pixhaul::writers {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

struct TarMember {
  std::string name;
  char type = '0';
  std::uint64_t size = 0;
};

std::optional<std::uint64_t> parse_octal(std::string_view field) {
  std::uint64_t number = 0;
  std::size_t at = 0;
  while (at < field.size() && field[at] == ' ') ++at;
  const std::size_t begin = at;
  for (; at < field.size() && field[at] >= '0' && field[at] <= '7'; ++at) {
    number = number * 8 + static_cast<std::uint64_t>(field[at] - '0');
  }
  const bool ends = at == field.size() || field[at] == '\0' || field[at] == ' ';
  if (at == begin || !ends) return std::nullopt;
  return number;
}

// POSIX: the sum of the header's bytes, those of the sum itself taken as spaces.
bool sum_is_right(std::string_view header) {
  std::uint64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  }
  return parse_octal(header.substr(148, 8)) == sum;
}

std::optional<TarMember> parse_header(std::string_view header) {
  const std::optional<std::uint64_t> size = parse_octal(header.substr(124, 12));
  if (!size || !sum_is_right(header) || !header.substr(257).starts_with("ustar")) {
    return std::nullopt;
  }
  const std::string_view name = header.substr(0, 100);
  return TarMember{
      .name = std::string(name.substr(0, name.find('\0'))), .type = header[156], .size = *size};
}

// Members grouped to samples: those in a row that share a key.
class Samples {
 public:
  // Takes the next member's name. Gives whether it is the sample's image.
  Result<bool> add(std::string_view name, std::uint64_t offset) {
    const std::size_t dot = name.find('.', name.rfind('/') + 1);
    if (dot == std::string_view::npos || dot == 0) {
      return std::unexpected(damaged_at(offset, fmt::format("member '{}' has no key", name)));
    }
    if (name.substr(0, dot) != key_) {
      if (Result<> ended = end_sample(offset); !ended) {
        return std::unexpected(std::move(ended).error());
      }
      key_ = name.substr(0, dot);
      ++count_;
    }
    extension_ = name.substr(dot + 1);
    int* const seen = extension_ == "json"             ? &jsons_
                      : extension_ == "txt"            ? &captions_
                      : is_image_extension(extension_) ? &images_
                                                       : nullptr;
    if (seen == nullptr || ++*seen > 1) {
      return std::unexpected(
          damaged_at(offset, fmt::format("member '{}' does not belong into its sample", name)));
    }
    return seen == &images_;
  }

  // The last sample is complete.
  Result<> end_sample(std::uint64_t offset) {
    if (count_ > 0 && (images_ != 1 || jsons_ != 1)) {
      return std::unexpected(damaged_at(
          offset,
          fmt::format("sample '{}' lacks {}", key_, images_ != 1 ? "its image" : "its JSON")));
    }
    images_ = jsons_ = captions_ = 0;
    return {};
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] const std::string& extension() const { return extension_; }

 private:
  std::string key_;
  std::string extension_;
  std::uint64_t count_ = 0;
  int images_ = 0;
  int jsons_ = 0;
  int captions_ = 0;
};

Result<> check_member(FilePieces& pieces, const TarMember& member, Samples& samples,
                      const ImageVisitor& visit) {
  bool is_image = false;
  // Extended headers ('x', 'g', 'L') of other writers say nothing that is needed here.
  if (member.type == '0' || member.type == '\0') {
    Result<bool> added = samples.add(member.name, pieces.offset() - kTarBlock);
    if (!added) return std::unexpected(std::move(added).error());
    is_image = *added;
  }
  const std::uint64_t offset = pieces.offset();
  const std::string what = fmt::format("member '{}'", member.name);
  Result<std::span<const std::byte>> bytes = pieces.take(member.size, what);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  if (is_image && visit) {
    Result<> seen = visit(StoredImage{
        .key = samples.key(), .extension = samples.extension(), .offset = offset, .bytes = *bytes});
    if (!seen) return seen;
  }
  const std::uint64_t padding = (kTarBlock - member.size % kTarBlock) % kTarBlock;
  Result<std::span<const std::byte>> zeros = pieces.take(padding, what);
  if (!zeros) return std::unexpected(std::move(zeros).error());
  if (!is_zero(*zeros)) {
    return std::unexpected(damaged_at(pieces.offset() - padding, "padding that is not zero"));
  }
  return {};
}

// What follows the first zero block.
Result<> check_end(FilePieces& pieces) {
  Result<std::span<const std::byte>> second = pieces.take(kTarBlock, "the tar's end");
  if (!second) return std::unexpected(std::move(second).error());
  const std::uint64_t over = pieces.offset() % kTarRecord;
  Result<std::span<const std::byte>> padding =
      pieces.take(over == 0 ? 0 : kTarRecord - over, "the tar's last record");
  if (!padding) return std::unexpected(std::move(padding).error());
  if (!is_zero(*padding))
    return std::unexpected(damaged_at(pieces.offset(), "bytes behind the tar's end"));
  if (pieces.left() > 0)
    return std::unexpected(damaged_at(pieces.offset(), "bytes behind the tar's end"));
  return {};
}

}  // namespace

Result<ShardContents> check_tar(const RandomAccessFile& file, const ImageVisitor& visit) {
  Result<FilePieces> pieces = FilePieces::create(file);
  if (!pieces) return std::unexpected(std::move(pieces).error());
  Samples samples;
  for (;;) {
    const std::uint64_t offset = pieces->offset();
    Result<std::span<const std::byte>> block = pieces->take(kTarBlock, "the tar");
    if (!block) return std::unexpected(std::move(block).error());
    if (is_zero(*block)) break;
    const std::optional<TarMember> member = parse_header(text_of(*block));
    if (!member) return std::unexpected(damaged_at(offset, "a member's header is damaged"));
    Result<> checked = check_member(*pieces, *member, samples, visit);
    if (!checked) return std::unexpected(std::move(checked).error());
  }
  Result<> ended = samples.end_sample(pieces->offset());
  if (ended) ended = check_end(*pieces);
  if (!ended) return std::unexpected(std::move(ended).error());
  return ShardContents{.facts = pieces->facts(), .samples = samples.count()};
}

}  // namespace pixhaul::writers
