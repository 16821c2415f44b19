// The tar of a webdataset shard. Headers differ in name, size and checksum only, so they are copies
// of one made at compile time. Images are moved from the spool without being looked at: their sums
// are known and combined.
//
// POSIX.1-1988 "ustar": numbers are octal text, the checksum is the sum of the header's bytes with
// its own field read as spaces, contents are padded to 512 bytes, two zero blocks are the end; the
// whole is padded to records of 20 blocks as Python's tarfile, which img2dataset uses, pads it.
#include "writers/tar.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"

namespace pixhaul::writers {

namespace {

constexpr std::size_t kNameSize = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSumAt = 148;
constexpr std::uint64_t kMaxSize = (std::uint64_t{1} << 33) - 1;  // 11 octal digits

using Header = std::array<char, kTarBlock>;

constexpr std::array<std::byte, kTarRecord> kZeros{};

constexpr void put(Header& header, std::size_t at, std::string_view text) {
  for (const char c : text) header[at++] = c;
}

// Everything but name, size and checksum, whose field holds spaces.
constexpr Header make_template() {
  Header header{};
  put(header, 100, "0000444");
  put(header, 108, "0000000");      // user id
  put(header, 116, "0000000");      // group id
  put(header, 136, "00000000000");  // time
  put(header, kSumAt, "        ");
  header[156] = '0';  // a plain file
  put(header, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  put(header, 265, "bigdata");
  put(header, 297, "bigdata");
  return header;
}

constexpr Header kTemplate = make_template();

constexpr unsigned sum_of(std::string_view text) {
  unsigned sum = 0;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  return sum;
}

constexpr unsigned kTemplateSum = sum_of({kTemplate.data(), kTemplate.size()});

template <class Number>
void put_octal(char* end, std::size_t digits, Number number) {
  for (std::size_t i = 0; i < digits; ++i, number >>= 3) {
    *--end = static_cast<char>('0' + static_cast<int>(number & 7));
  }
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

Header tar_header(std::string_view name, std::uint64_t size) {
  PIXHAUL_CHECK(!name.empty() && name.size() <= kNameSize && size <= kMaxSize);
  Header header = kTemplate;
  std::memcpy(header.data(), name.data(), name.size());
  put_octal(header.data() + kSizeAt + 11, 11, size);
  const unsigned sum = kTemplateSum + sum_of(name) + sum_of({header.data() + kSizeAt, 11});
  put_octal(header.data() + kSumAt + 6, 6, sum);
  header[kSumAt + 6] = '\0';
  return header;
}

Result<> TarFile::add(const SampleParts& sample) {
  struct Member {
    std::string_view extension;
    const std::string_view* text;  // nullptr: the image
  };
  std::array<Member, 3> members = {Member{sample.extension, nullptr}, Member{"json", &sample.json},
                                   Member{"txt", sample.caption ? &*sample.caption : nullptr}};
  const std::size_t count = sample.caption ? 3 : 2;
  std::sort(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(count),
            [](const Member& a, const Member& b) { return a.extension < b.extension; });
  for (std::size_t i = 0; i < count; ++i) {
    const Member& member = members[i];
    Result<> wrote = member.text != nullptr ? write_text(sample.key, member.extension, *member.text)
                                            : write_image(sample);
    if (!wrote) return wrote;
  }
  return {};
}

Result<FileFacts> TarFile::finish() {
  Result<> ended = out_.write(std::span(kZeros).first(2 * kTarBlock));
  if (ended) ended = pad_to(kTarRecord);
  if (ended) ended = out_.flush();
  if (!ended) return std::unexpected(std::move(ended).error());
  return out_.facts();
}

Result<> TarFile::write_text(std::string_view key, std::string_view extension,
                             std::string_view text) {
  if (Result<> wrote = write_header(key, extension, text.size()); !wrote) return wrote;
  if (Result<> wrote = out_.write(bytes_of(text)); !wrote) return wrote;
  return pad_to(kTarBlock);
}

Result<> TarFile::write_image(const SampleParts& sample) {
  const SpooledBytes& image = sample.image;
  Result<> wrote = write_header(sample.key, sample.extension, image.length);
  if (!wrote) return wrote;
  wrote = out_.append_known(*image.file, image.offset, image.length, image.crc32c);
  if (!wrote) return wrote;
  return pad_to(kTarBlock);
}

Result<> TarFile::write_header(std::string_view key, std::string_view extension,
                               std::uint64_t size) {
  std::array<char, kNameSize> name;
  PIXHAUL_CHECK(key.size() + 1 + extension.size() <= name.size());
  char* end = std::copy(key.begin(), key.end(), name.data());
  *end++ = '.';
  end = std::copy(extension.begin(), extension.end(), end);
  const Header header =
      tar_header({name.data(), static_cast<std::size_t>(end - name.data())}, size);
  return out_.write(std::as_bytes(std::span(header)));
}

Result<> TarFile::pad_to(std::size_t multiple) {
  const std::size_t over = out_.facts().bytes % multiple;
  if (over == 0) return {};
  return out_.write(std::span(kZeros).first(multiple - over));
}

}  // namespace pixhaul::writers
