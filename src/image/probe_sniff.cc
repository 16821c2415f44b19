#include "image/probe_sniff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "image/probe_bmp.h"

// Signatures first, since they are exact; then the two containers whose type stands further in
// (RIFF and ISO base media); then text. Everything but the brands of an ISO file is settled by
// kDecisive bytes.

namespace pixhaul::image {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kDecisive = 18;  // as many as a BMP needs, whose two letters prove nothing

constexpr std::size_t kContainerHead = 12;  // up to RIFF's form type, or ftyp's major brand

struct Signature {
  std::string_view bytes;
  ImageFormat format;
  std::string_view unsupported;  // what it is, when it is refused
};

// T.81 B.2.1 (SOI, then any marker); PNG §5.2; GIF89a §17; TIFF 6.0 §2; BigTIFF; ISO 32000-1
// §7.5.2; ISO 18181-2 (JPEG XL, bare and boxed); ISO 15444-1 annex I; the icon resource's header.
constexpr std::array kSignatures = {
    Signature{"\xFF\xD8\xFF"sv, ImageFormat::jpeg, ""},
    Signature{"\x89PNG\r\n\x1A\n"sv, ImageFormat::png, ""},
    Signature{"GIF87a"sv, ImageFormat::gif, ""},
    Signature{"GIF89a"sv, ImageFormat::gif, ""},
    Signature{"II\x2A\0"sv, ImageFormat::tiff, ""},
    Signature{"MM\0\x2A"sv, ImageFormat::tiff, ""},
    Signature{"II\x2B\0"sv, ImageFormat::tiff, ""},
    Signature{"MM\0\x2B"sv, ImageFormat::tiff, ""},
    Signature{"%PDF-"sv, ImageFormat::pdf, "a PDF document"},
    Signature{"\xFF\x0A"sv, ImageFormat::unknown, "a JPEG XL image"},
    Signature{"\0\0\0\x0CJXL \r\n\x87\n"sv, ImageFormat::unknown, "a JPEG XL image"},
    Signature{"\0\0\0\x0CjP  \r\n\x87\n"sv, ImageFormat::unknown, "a JPEG 2000 image"},
    Signature{"\0\0\1\0"sv, ImageFormat::unknown, "an icon (ICO)"},
};

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Sniffed found(ImageFormat format, Findings& findings) {
  findings.format = format;
  return Sniffed::format;
}

Sniffed refused(ErrorCode code, std::string detail, Findings& findings) {
  findings.refusal = Error{.code = code, .detail = std::move(detail)};
  return Sniffed::refused;
}

enum class Match : std::uint8_t { none, partial, whole };

Match match(std::string_view head, std::string_view wanted) {
  if (head.starts_with(wanted)) return Match::whole;
  return wanted.starts_with(head) ? Match::partial : Match::none;
}

// The first brand, major or compatible, that decides: the major one comes first in the box.
enum class Brand : std::uint8_t { other, avif, heic, heif_base };

Brand brand_kind(std::string_view brand) {
  // AV1 Image File Format §7: avif, avis. ISO 23008-12 annex B: HEVC brands; mif1, msf1 and miaf
  // name no codec.
  constexpr std::array kHeic = {"heic"sv, "heix"sv, "heim"sv, "heis"sv,
                                "hevc"sv, "hevx"sv, "hevm"sv, "hevs"sv};
  if (brand == "avif" || brand == "avis") return Brand::avif;
  if (std::ranges::find(kHeic, brand) != kHeic.end()) return Brand::heic;
  if (brand == "mif1" || brand == "msf1" || brand == "miaf") return Brand::heif_base;
  return Brand::other;
}

Sniffed sniff_brands(Bytes head, bool at_end, Findings& findings) {
  // ISO 14496-12 §4.3: ftyp holds the major brand, a version, then compatible brands to its end.
  const std::uint64_t box_size = big_32(head, 0);
  const std::size_t wanted = std::min<std::uint64_t>(box_size, kMostTaken);
  if (head.size() < wanted && brand_kind(text_of(head.subspan(8, 4))) != Brand::avif) {
    if (!at_end) return Sniffed::more;
    return refused(ErrorCode::truncated, "ends within its first bytes", findings);
  }
  bool is_heif = false;
  for (std::size_t at = 8; at + 4 <= std::min(head.size(), wanted); at += at == 8 ? 8 : 4) {
    switch (brand_kind(text_of(head.subspan(at, 4)))) {
      case Brand::avif:
        return found(ImageFormat::avif, findings);
      case Brand::heic:
        findings.format = ImageFormat::heic;
        return refused(ErrorCode::unsupported_format, "a HEIC image", findings);
      case Brand::heif_base:
        is_heif = true;
        break;
      case Brand::other:
        break;
    }
  }
  if (!is_heif) return refused(ErrorCode::not_image, "a video, not an image", findings);
  findings.format = ImageFormat::heic;
  return refused(ErrorCode::unsupported_format, "a HEIF image of an unknown codec", findings);
}

// Printable ASCII, white space and well-formed UTF-8, or a UTF-16 byte order mark.
bool looks_like_text(std::string_view head) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) return true;
  std::size_t continuation = 0;
  for (const char letter : head) {
    const auto byte = static_cast<std::uint8_t>(letter);
    if (continuation > 0) {
      if (byte >> 6 != 0b10) return false;
      --continuation;
    } else if (byte >= 0x80) {
      if (byte < 0xC2 || byte > 0xF4) return false;
      continuation = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    } else if ((byte < 0x20 && (byte < '\t' || byte > '\r')) || byte == 0x7F) {
      return false;
    }
  }
  return true;
}

std::string describe_unknown(Bytes head) {
  const Bytes first = head.first(std::min<std::size_t>(head.size(), 4));
  std::string detail = "not an image (begins with";
  for (const std::byte byte : first) {
    fmt::format_to(std::back_inserter(detail), " {:02X}", static_cast<std::uint8_t>(byte));
  }
  return detail + ")";
}

Sniffed sniff_signatures(std::string_view head, bool at_end, Findings& findings) {
  bool is_partial = false;
  for (const Signature& signature : kSignatures) {
    switch (match(head, signature.bytes)) {
      case Match::whole:
        findings.format = signature.format;
        if (signature.unsupported.empty()) return Sniffed::format;
        return refused(ErrorCode::unsupported_format, std::string(signature.unsupported), findings);
      case Match::partial:
        is_partial = true;
        break;
      case Match::none:
        break;
    }
  }
  if (is_partial && at_end) {
    return refused(ErrorCode::truncated, "ends within its first bytes", findings);
  }
  return Sniffed::more;
}

}  // namespace

Sniffed sniff(Bytes head, bool at_end, Findings& findings) {
  if (head.empty()) {
    return at_end ? refused(ErrorCode::not_image, "empty body", findings) : Sniffed::more;
  }
  head = head.first(std::min(head.size(), kMostTaken));
  const std::string_view text = text_of(head);
  const Sniffed by_signature = sniff_signatures(text, at_end, findings);
  if (by_signature != Sniffed::more) return by_signature;
  if (head.size() < kDecisive && !at_end) return Sniffed::more;
  if (head.size() < kContainerHead &&
      (text.starts_with("RIFF") || text.substr(0, 8).ends_with("ftyp"))) {
    return refused(ErrorCode::truncated, "ends within its first bytes", findings);
  }

  // RFC 9649 §2.4: 'RIFF', file size, 'WEBP'.
  if (text.starts_with("RIFF") && text.substr(8, 4) == "WEBP") {
    return found(ImageFormat::webp, findings);
  }
  if (text.substr(0, 8).ends_with("ftyp")) return sniff_brands(head, at_end, findings);
  if (head.size() >= kDecisive && text.starts_with("BM") &&
      BmpWalker::is_info_length(little_32(head, 14))) {
    return found(ImageFormat::bmp, findings);
  }
  if (looks_like_text(text.substr(0, kDecisive))) return Sniffed::text;
  return refused(ErrorCode::not_image, describe_unknown(head), findings);
}

}  // namespace pixhaul::image
