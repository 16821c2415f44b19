#include "image/probe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "image/samples.h"

namespace pixhaul::image {
namespace {

using namespace std::string_literals;

constexpr std::array<std::size_t, 6> kCuts = {1, 2, 3, 7, 16, std::string::npos};

void feed(Probe& probe, std::string_view text, std::size_t cut = std::string::npos) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, cut);
    probe.feed(std::as_bytes(std::span(piece)));
    text.remove_prefix(piece.size());
  }
}

/// The probe after a whole body fed in pieces of `cut` bytes.
Probe probed(std::string_view text, std::size_t cut = std::string::npos) {
  Probe probe;
  feed(probe, text, cut);
  static_cast<void>(probe.finish());
  return probe;
}

std::string described(ErrorCode code, std::string_view detail) {
  return std::to_string(static_cast<int>(code)) + ": " + std::string(detail);
}
std::string damaged(std::string_view detail) { return described(ErrorCode::decode_error, detail); }
std::string not_image(std::string_view detail) { return described(ErrorCode::not_image, detail); }

/// "success", or code and detail; the same at every cut, or it says so.
std::string verdict(std::string_view text) {
  std::string verdict;
  for (const std::size_t cut : kCuts) {
    const Probe probe = probed(text, cut);
    const std::string now =
        probe.refusal() ? described(probe.refusal()->code, probe.refusal()->detail) : "success";
    if (!verdict.empty() && now != verdict) return "depends on the cut: " + verdict + " | " + now;
    verdict = now;
  }
  return verdict;
}

class ProbeSamples : public ::testing::TestWithParam<Sample> {};

TEST_P(ProbeSamples, AreRecognisedMeasuredAndAcceptedAtEveryCut) {
  const Sample& image = GetParam();
  for (const std::size_t cut : kCuts) {
    Probe probe;
    feed(probe, image.bytes, cut);
    const Result<> whole = probe.finish();
    ASSERT_TRUE(whole) << cut << ": " << whole.error().detail;
    EXPECT_EQ(probe.format(), image.format);
    ASSERT_TRUE(probe.dimensions());
    EXPECT_EQ(*probe.dimensions(), (Dimensions{image.width, image.height}));
    EXPECT_EQ(probe.trailing_bytes(), 0u);
    EXPECT_EQ(probe.byte_count(), image.bytes.size());
  }
}

TEST_P(ProbeSamples, AreRefusedWhenTruncatedAnywhere) {
  const std::string& bytes = GetParam().bytes;
  const std::size_t step = bytes.size() <= 4096 ? 1 : bytes.size() / 200;
  for (std::size_t size = 1; size < bytes.size(); size += step) {
    for (const std::size_t cut : {std::size_t{7}, std::string::npos}) {
      const Probe probe = probed(std::string_view(bytes).substr(0, size), cut);
      ASSERT_TRUE(probe.refusal()) << "accepted with " << size << " of " << bytes.size();
      if (size < 18) continue;  // too short to say what it would have been
      EXPECT_EQ(probe.refusal()->code, ErrorCode::truncated) << size << probe.refusal()->detail;
    }
  }
}

TEST_P(ProbeSamples, AreDecidedBy64Bytes) {
  Probe probe;
  feed(probe, std::string_view(GetParam().bytes).substr(0, 64), 1);
  EXPECT_EQ(probe.format(), GetParam().format);
}

TEST_P(ProbeSamples, WithDamagedBytesGetTheSameAnswerAtEveryCut) {
  std::string bytes = GetParam().bytes;
  for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 300); ++at) {
    for (const int mask : {0xFF, 0x01, 0x80}) {
      const char before = bytes[at];
      bytes[at] = static_cast<char>(before ^ mask);
      const Probe whole = probed(bytes);
      const Probe pieces = probed(bytes, 7);
      EXPECT_EQ(whole.refusal().has_value(), pieces.refusal().has_value()) << at;
      EXPECT_EQ(whole.dimensions(), pieces.dimensions()) << at;
      bytes[at] = before;
    }
  }
}

std::string sample_name(const ::testing::TestParamInfo<Sample>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Encoded, ProbeSamples, ::testing::ValuesIn(encoded_samples()),
                         sample_name);
INSTANTIATE_TEST_SUITE_P(Handmade, ProbeSamples, ::testing::ValuesIn(handmade_samples()),
                         sample_name);

struct Case {
  std::string bytes;
  std::string_view detail;
};

TEST(Probe, NamesTheTextThatCameInsteadOfAnImage) {
  constexpr std::string_view kWebPage = "a web page, not an image";
  const Case cases[] = {
      {"<!DOCTYPE html><html><body>gone</body></html>", kWebPage},
      {"\xEF\xBB\xBF\r\n\t <!doctype HTML>\n", kWebPage},
      {"<HTML><HEAD>", kWebPage},
      {"  <head><title>404</title>", kWebPage},
      {"<body bgcolor=white>", kWebPage},
      {"<script>location='x'</script>", kWebPage},
      {"<!-- saved --><html>", kWebPage},
      {"<!-- never closed", kWebPage},
      {"<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"x\">", kWebPage},
      {"<h1>Not found</h1>", kWebPage},
      {"<html", kWebPage},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "XML, not an image"},
      {"<Error><Code>NoSuchKey</Code></Error>", "XML, not an image"},
      {"{\"error\": \"not found\"}", "JSON, not an image"},
      {"  [1, 2]", "JSON, not an image"},
      {"404 page not found", "text, not an image"},
      {"BMW builds cars and bikes", "text, not an image"},
      {"\xFF\xFE<\0h\0t\0m\0l\0>\0 \0 \0 \0 \0"s, "text, not an image"},
      {"Stra\xC3\x9F\x65 nicht gefunden", "text, not an image"},
      {"ok", "text, not an image"},
      {"", "empty body"},
  };
  for (const Case& text : cases) {
    if (text.bytes.empty()) {
      EXPECT_EQ(probed("").refusal()->detail, text.detail);
    }
    EXPECT_EQ(verdict(text.bytes), not_image(text.detail)) << text.bytes;
  }
}

TEST(Probe, ShowsTheFirstBytesOfWhatItCannotName) {
  EXPECT_EQ(verdict("PK\x03\x04 and the rest of an archive"s),
            not_image("not an image (begins with 50 4B 03 04)"));
  EXPECT_EQ(verdict("RIFF\x10\0\0\0WAVEfmt \x10\0\0\0"s),
            not_image("not an image (begins with 52 49 46 46)"));
  EXPECT_EQ(verdict(box("ftyp", "isom"s + big(512, 4) + "isommp41") + std::string(64, 'x')),
            not_image("a video, not an image"));
}

TEST(Probe, RefusesFormatsThatAreNeverKeptByName) {
  const auto brands = [](std::string_view list) {
    return box("ftyp", std::string(list.substr(0, 4)) + big(0, 4) + std::string(list.substr(4)));
  };
  const struct {
    std::string bytes;
    ImageFormat format;
    std::string_view detail;
  } cases[] = {
      {"<svg xmlns='x'/>", ImageFormat::svg, "an SVG drawing"},
      {"<?xml version='1.0'?>\n<!-- drawn -->\n<!DOCTYPE svg PUBLIC 'x' [\n", ImageFormat::svg,
       "an SVG drawing"},
      {"<!-- drawn -->\n<svg:svg>", ImageFormat::svg, "an SVG drawing"},
      {"%PDF-1.7\n1 0 obj", ImageFormat::pdf, "a PDF document"},
      {brands("heicmif1heic"), ImageFormat::heic, "a HEIC image"},
      {brands("mif1mif1heic"), ImageFormat::heic, "a HEIC image"},
      {brands("hevchevcmsf1"), ImageFormat::heic, "a HEIC image"},
      {brands("mif1mif1miaf"), ImageFormat::heic, "a HEIF image of an unknown codec"},
      {"\0\0\1\0\1\0\x10\x10\0\0"s, ImageFormat::unknown, "an icon (ICO)"},
      {"\xFF\x0A\x7F and more"s, ImageFormat::unknown, "a JPEG XL image"},
  };
  for (const auto& refused : cases) {
    EXPECT_EQ(verdict(refused.bytes), described(ErrorCode::unsupported_format, refused.detail));
    EXPECT_EQ(probed(refused.bytes).format(), refused.format) << refused.detail;
  }
}

TEST(Probe, AWebPageIsRefusedBeforeItsEnd) {
  Probe probe;
  feed(probe, "<!doctype html>\n<html>", 1);
  ASSERT_TRUE(probe.refusal());
  EXPECT_EQ(probe.refusal()->code, ErrorCode::not_image);
}

TEST(Probe, IsDecidedAfter4KiBWhateverComes) {
  for (const std::string_view start : {" ", "<!--", "<?xml ", "<", "a", "{"}) {
    Probe probe;
    feed(probe, std::string(start) + std::string(4096, ' '));
    EXPECT_TRUE(probe.is_decided()) << start;
    EXPECT_TRUE(probe.refusal()) << start;
  }
}

TEST(Probe, IsUsedAgainAfterReset) {
  const Sample png = sample("png_small");
  Probe probe;
  feed(probe, "<html> and enough more to decide");
  EXPECT_TRUE(probe.is_decided());
  probe.reset();
  EXPECT_FALSE(probe.is_decided());
  feed(probe, png.bytes, 3);
  EXPECT_TRUE(probe.finish());
  EXPECT_EQ(probe.byte_count(), png.bytes.size());
}

TEST(Probe, DimensionsComeWithTheHeader) {
  const struct {
    std::string_view name;
    std::size_t header_length;
  } headers[] = {{"png_small", 33}, {"gif_still", 13}, {"webp_lossy", 30}, {"bmp_24", 54}};
  for (const auto& [name, header_length] : headers) {
    Probe probe;
    feed(probe,
         std::string_view(sample(name).bytes).substr(0, std::max<std::size_t>(18, header_length)),
         1);
    EXPECT_TRUE(probe.dimensions()) << name;
  }
}

// A frame header of one component; a scan header for it.
std::string frame(std::uint32_t width, std::uint32_t height) {
  return segment(0xC0, "\x08"s + big(height, 2) + big(width, 2) + "\1\1\x11\0"s);
}
std::string scan() { return segment(0xDA, "\1\1\0\0\x3F\0"s); }
const std::string& eoi() {
  static const std::string bytes = "\xFF\xD9";
  return bytes;
}
std::string jpeg(std::string_view body) { return "\xFF\xD8" + std::string(body); }

TEST(ProbeJpeg, TrailingBytesAreCountedNotJudged) {
  const std::string image = sample("jpeg_baseline").bytes;
  const Probe probe = probed(image + image.substr(0, 99), 7);
  EXPECT_FALSE(probe.refusal());
  EXPECT_EQ(probe.trailing_bytes(), 99u);
}

TEST(ProbeJpeg, StuffedBytesFillBytesAndRestartsBelongToTheScan) {
  const std::string start = jpeg("\xFF\xFF\xFF"s + frame(8, 8) + scan());
  EXPECT_EQ(verdict(start + "ab\xFF\0\xFF\xD0\xFF\xD7z\xFF\xFF\xFF\xD9"s), "success");
  EXPECT_EQ(verdict(start + "a\xFF\0\xD9\xFF"s),
            described(ErrorCode::truncated, "JPEG ends before its EOI marker"));
}

TEST(ProbeJpeg, UpTo100ScansAreAccepted) {
  std::string body = frame(8, 8);
  for (int i = 0; i < 100; ++i) body += scan() + "data";
  EXPECT_EQ(verdict(jpeg(body + eoi())), "success");
  EXPECT_EQ(verdict(jpeg(body + scan())),
            described(ErrorCode::too_complex, "more than 100 JPEG scans"));
}

TEST(ProbeJpeg, DamagedSegmentsAreRefused) {
  const Case cases[] = {
      {"\xFF\xE0\0\1"s, "JPEG segment length below 2"},
      {segment(0xE0, "abc") + "junk\xFF\xC0"s, "a JPEG segment is not followed by a marker"},
      {"\xFF\xE0"s + big(4, 2) + "abcd"s, "a JPEG segment is not followed by a marker"},
      {frame(0, 8), "zero width"},
      {frame(8, 0), "zero height"},
      {segment(0xC0, "\x08\0\x08\0\x08\3\1\x11\0"s), "JPEG frame header of a wrong length"},
      {segment(0xC2, "\x08"s), "JPEG frame header too short"},
      {frame(8, 8) + frame(8, 8), "a second SOF marker in a JPEG"},
      {scan(), "JPEG scan without a frame header"},
      {frame(8, 8) + eoi(), "JPEG without image data before its EOI"},
      {frame(8, 8) + segment(0xDA, "\1"), "JPEG scan header of a wrong length"},
      {frame(8, 8) + scan() + "ab\xFF\xD8", "a second SOI marker inside a JPEG"},
      {frame(8, 8) + scan() + "ab\xFF\x02", "reserved JPEG marker FF 02"},
  };
  for (const Case& broken : cases) EXPECT_EQ(verdict(jpeg(broken.bytes)), damaged(broken.detail));
}

std::string png_header(std::uint32_t width, std::uint32_t height) {
  return png_chunk("IHDR", big(width, 4) + big(height, 4) + "\x08\2\0\0\0"s);
}

TEST(ProbePng, DamagedChunksAreRefused) {
  const std::string header = png_header(1, 1);
  const std::string wrong_checksum = std::string(header).replace(11, 1, "\7");
  const Case cases[] = {
      {png_chunk("CgBI", "abcd"), "PNG does not begin with IHDR"},
      {wrong_checksum, "PNG header with a wrong checksum"},
      {png_header(0, 1), "zero width"},
      {png_header(1, 0x80000000), "PNG header with a value out of range"},
      {png_chunk("IHDR", big(1, 4) + big(1, 4) + "\3\2\0\0\0"s),
       "PNG header with a value out of range"},
      {header + header, "a second IHDR in a PNG"},
      {header + big(0x80000000, 4) + "IDAT", "PNG chunk damaged"},
      {header + big(1, 4) + "I\0AT"s, "PNG chunk damaged"},
      {header + png_chunk("IEND", ""), "PNG without IDAT before its IEND"},
      {header + png_chunk("IDAT", "") + png_chunk("IEND", ""), "PNG without IDAT before its IEND"},
  };
  for (const Case& broken : cases) {
    EXPECT_EQ(verdict("\x89PNG\r\n\x1A\n" + broken.bytes), damaged(broken.detail));
  }
}

TEST(ProbePng, TrailingBytesAreCounted) {
  EXPECT_EQ(probed(sample("png_small").bytes + "<script>").trailing_bytes(), 8u);
}

TEST(ProbeWebp, DamagedChunksAreRefused) {
  const std::string lossy = make_lossy_webp();
  const std::string frame_chunk = lossy.substr(12);
  std::string not_key = lossy;
  not_key[20] = static_cast<char>(not_key[20] | 1);
  const Case cases[] = {
      {"RIFF" + little(3, 4) + "WEBPVP8 " + std::string(20, 'x'),
       "WebP with an impossible file size"},
      {riff_file(riff_chunk("EXIF", "abcd") + frame_chunk),
       "WebP does not begin with an image chunk"},
      {riff_file(riff_chunk("VP8X", std::string(10, '\0'))), "WebP without an image chunk"},
      {riff_file("VP8 " + little(1000, 4) + std::string(20, 'x')),
       "WebP chunk longer than its file"},
      {riff_file(riff_chunk("VP8L", "\x2F\0"s)), "WebP chunk too short"},
      {riff_file(riff_chunk("VP8L", "abcdef")), "WebP lossless image without its signature"},
      {riff_file(riff_chunk("VP8X", little(0, 4) + std::string(6, '\xFF'))),
       "WebP canvas too large"},
      {riff_file(frame_chunk + riff_chunk("VP8X", std::string(10, '\0'))),
       "WebP with VP8X behind another chunk"},
      {not_key, "WebP lossy frame without a key frame header"},
  };
  for (const Case& broken : cases) EXPECT_EQ(verdict(broken.bytes), damaged(broken.detail));
}

TEST(ProbeGif, DamagedBlocksAreRefused) {
  const std::string screen = "GIF89a" + little(4, 2) + little(4, 2) + std::string(3, '\0');
  const std::string descriptor = "," + little(0, 4) + little(4, 2) + little(4, 2) + "\0"s;
  EXPECT_EQ(verdict(screen + descriptor + "\2\1x\0;"s), "success");
  const Case cases[] = {
      {screen + ";     ", "GIF without an image before its trailer"},
      {screen + descriptor + "\2\0;"s, "GIF without an image before its trailer"},
      {screen + "\x21\xFE\3abc\0;"s, "GIF without an image before its trailer"},
      {screen + "?     ", "unknown GIF block 3F"},
      {screen + descriptor + "\x0C", "GIF code size out of range"},
      {"GIF87a" + little(0, 2) + little(4, 2) + "\0\0\0"s, "zero width"},
  };
  for (const Case& broken : cases) EXPECT_EQ(verdict(broken.bytes), damaged(broken.detail));
}

TEST(ProbeAvif, DamagedBoxesAreRefused) {
  const std::string ftyp = box("ftyp", "avif"s + big(0, 4) + "avifmif1");
  const auto meta = [&](std::string_view content) {
    return ftyp + box("meta", big(0, 4) + std::string(content));
  };
  const std::string pitm = box("pitm", big(0, 4) + big(1, 2));
  const auto iprp = [](std::uint32_t width) {
    return box("iprp", box("ipco", box("ispe", big(0, 4) + big(width, 4) + big(1, 4))) +
                           box("ipma", big(0, 4) + big(1, 4) + big(1, 2) + "\1\1"s));
  };
  const auto iloc = [](std::uint32_t method, std::uint32_t length) {
    return box("iloc", big(0x01000000, 4) + big(0x4400, 2) + big(1, 2) + big(1, 2) +
                           big(method, 2) + big(0, 2) + big(1, 2) + big(0, 4) + big(length, 4));
  };
  EXPECT_EQ(verdict(meta(pitm + iprp(4) + iloc(1, 3) + box("idat", "abc"))), "success");
  const Case cases[] = {
      {meta(pitm + iprp(4) + iloc(1, 4) + box("idat", "abc")),
       "AVIF item reaches out of its idat box"},
      {meta(iprp(4) + iloc(0, 1)), "AVIF without a primary item"},
      {meta(pitm + iloc(0, 1)), "AVIF primary item without dimensions"},
      {meta(pitm + iprp(0) + iloc(0, 1)), "zero width"},
      {meta(pitm + iprp(4)), "AVIF primary item without a place in the file"},
      {ftyp + big(4, 4) + "free", "AVIF box shorter than its header"},
      {ftyp + big(1 << 30, 4) + "meta", "AVIF meta box of an impossible length"},
  };
  for (const Case& broken : cases) EXPECT_EQ(verdict(broken.bytes), damaged(broken.detail));
  EXPECT_EQ(verdict(meta(pitm + iprp(4) + iloc(0, 1000))),
            described(ErrorCode::truncated, "AVIF ends before its image data"));
  EXPECT_EQ(verdict(ftyp), described(ErrorCode::truncated, "AVIF ends before its meta box"));
}

TEST(ProbeBmp, ImpossibleHeadersAreRefused) {
  const auto with = [image = sample("bmp_24").bytes](std::size_t at, std::string_view bytes) {
    return std::string(image).replace(at, bytes.size(), bytes);
  };
  EXPECT_EQ(verdict(with(18, little(0, 4))), damaged("zero width"));
  EXPECT_EQ(verdict(with(18, little(0x80000000, 4))), damaged("BMP with a negative width"));
  EXPECT_EQ(verdict(with(22, little(0, 4))), damaged("zero height"));
  EXPECT_EQ(verdict(with(28, little(7, 2))), damaged("BMP with an unknown bit count"));
  EXPECT_EQ(verdict(with(22, little(0x80000000, 4))),
            described(ErrorCode::truncated, "BMP ends before the end of its pixels"));
  EXPECT_EQ(verdict(with(14, little(41, 4))), not_image("not an image (begins with 42 4D 66 00)"));
}

TEST(ProbeTiff, ImpossibleDirectoriesAreRefused) {
  const std::string zeros(20, '\0');
  const Case cases[] = {
      {"II\x2A\0"s + little(0, 4) + zeros, "TIFF without a directory"},
      {"II\x2A\0"s + little(8, 4) + little(0, 2) + zeros,
       "TIFF directory with an impossible entry count"},
      {"II\x2A\0"s + little(8, 4) + little(1, 2) + zeros, "zero width"},
      {"II\x2B\0"s + little(4, 4) + zeros, "BigTIFF with offsets of an unknown length"},
  };
  for (const Case& broken : cases) EXPECT_EQ(verdict(broken.bytes), damaged(broken.detail));
}

TEST(ProbeTiff, ADirectoryChainThatPointsBackEnds) {
  const std::string file = sample("tiff_one_strip").bytes;
  const std::size_t next_at = 8 + 2 + 4 * 12;
  EXPECT_EQ(verdict(std::string(file).replace(next_at, 4, big(8, 4))), "success");
}

}  // namespace
}  // namespace pixhaul::image
