#include "image/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

#include "image/pictures.h"
#include "image/samples.h"

namespace pixhaul::image {
namespace {

using namespace std::string_literals;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

Result<Decoded> decoded(std::string_view text, const DecodeLimits& limits = {}) {
  return decode(bytes_of(text), limits);
}

/// By the codec alone, without the walk through the container.
Result<Decoded> decoded_bare(ImageFormat format, std::string_view text,
                             const DecodeLimits& limits = {}) {
  return find_codec(format)->decode(bytes_of(text), limits);
}

ErrorCode code_of(const Result<Decoded>& result) {
  return result ? ErrorCode::success : result.error().code;
}

std::string detail_of(const Result<Decoded>& result) {
  return result ? std::string() : result.error().detail;
}

std::vector<int> expected_samples(Expected expected, const Picture::Color& c) {
  switch (expected) {
    case Expected::rgb:
      return {c[0], c[1], c[2]};
    case Expected::rgb_alpha:
      return {c[0], c[1], c[2], c[3]};
    case Expected::grey:
      return {grey_of(c)};
    case Expected::grey_alpha:
      return {grey_of(c), c[3]};
  }
  return {};
}

std::vector<int> samples_at(const Image& image, std::uint32_t x, std::uint32_t y) {
  const auto pixel = image.row(y).subspan(std::size_t{x} * image.channels(), image.channels());
  return {pixel.begin(), pixel.end()};
}

class Codecs : public ::testing::TestWithParam<EncodedPicture> {};

TEST_P(Codecs, GiveBackThePixelsThatWereEncoded) {
  const EncodedPicture& picture = GetParam();
  const auto result = decoded(picture.bytes);
  ASSERT_TRUE(result) << result.error().detail;
  const Image& image = result->image;
  ASSERT_EQ(image.width(), Picture::kWidth);
  ASSERT_EQ(image.height(), Picture::kHeight);
  // The corners and the middle of each quarter; lossy codecs blur what is nearer to the border.
  for (const std::uint32_t x : {0u, 1u, 15u, 26u, 38u, 48u, 62u, 63u}) {
    for (const std::uint32_t y : {0u, 1u, 12u, 18u, 30u, 36u, 46u, 47u}) {
      const auto want =
          expected_samples(picture.expected, Picture::kColors[Picture::quarter(x, y)]);
      const auto got = samples_at(image, x, y);
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t i = 0; i < want.size(); ++i) {
        EXPECT_NEAR(got[i], want[i], picture.tolerance) << "at " << x << ", " << y << "; " << i;
      }
    }
  }
  EXPECT_EQ(result->warning, "");
}

TEST_P(Codecs, AcceptNoTruncatedFile) {
  const EncodedPicture& picture = GetParam();
  for (std::size_t percent = 0; percent < 100; ++percent) {
    const std::string_view cut =
        std::string_view(picture.bytes).substr(0, picture.bytes.size() * percent / 100);
    EXPECT_FALSE(decoded(cut)) << percent << " % of it";
    if (!picture.is_still) continue;
    const auto bare = decoded_bare(picture.format, cut);
    EXPECT_FALSE(bare) << percent << " % of it, by the codec";
  }
}

TEST_P(Codecs, RefuseMorePixelsThanAllowed) {
  const EncodedPicture& picture = GetParam();
  const DecodeLimits limits{.max_pixels = Picture::kWidth * Picture::kHeight - 1};
  for (const auto& result :
       {decoded(picture.bytes, limits), decoded_bare(picture.format, picture.bytes, limits)}) {
    EXPECT_EQ(code_of(result), ErrorCode::too_many_pixels) << detail_of(result);
    EXPECT_EQ(detail_of(result), "64 x 48 is 3072 pixels; 3071 allowed (--max_pixels)");
  }
  EXPECT_TRUE(decoded(picture.bytes, {.max_pixels = Picture::kWidth * Picture::kHeight}));
}

TEST_P(Codecs, RefuseASideThatIsTooLong) {
  const EncodedPicture& picture = GetParam();
  const DecodeLimits limits{.max_side = Picture::kWidth - 1};
  for (const auto& result :
       {decoded(picture.bytes, limits), decoded_bare(picture.format, picture.bytes, limits)}) {
    EXPECT_EQ(code_of(result), ErrorCode::too_many_pixels);
    EXPECT_EQ(detail_of(result), "64 x 48: a side may have 63 pixels");
  }
}

// Under two fillings of fresh memory; a pixel that nobody wrote would differ.
TEST_P(Codecs, WriteEveryPixel) {
  const EncodedPicture& picture = GetParam();
  mallopt(M_PERTURB, 0x55);
  const auto first = decoded(picture.bytes);
  mallopt(M_PERTURB, 0xAA);
  const auto second = decoded(picture.bytes);
  mallopt(M_PERTURB, 0);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(std::ranges::equal(first->image.pixels(), second->image.pixels()));
}

INSTANTIATE_TEST_SUITE_P(AllFormats, Codecs, ::testing::ValuesIn(encoded_pictures()),
                         [](const auto& test) { return test.param.name; });

std::vector<Sample> all_samples() {
  std::vector<Sample> all = encoded_samples();
  std::ranges::move(handmade_samples(), std::back_inserter(all));
  // Their containers are whole and their payload is filler.
  std::erase_if(all, [](const Sample& sample) {
    return sample.format == ImageFormat::tiff || sample.name == "avif_rearranged" ||
           sample.name == "avif_open_ended";
  });
  return all;
}

class CodecSamples : public ::testing::TestWithParam<Sample> {};

TEST_P(CodecSamples, AreDecodedWholeAndNeverTruncated) {
  const Sample& sample = GetParam();
  const auto result = decoded(sample.bytes);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->image.width(), sample.width);
  EXPECT_EQ(result->image.height(), sample.height);
  for (std::size_t percent = 0; percent < 100; ++percent) {
    EXPECT_FALSE(
        decoded(std::string_view(sample.bytes).substr(0, sample.bytes.size() * percent / 100)))
        << percent << " % of it";
  }
}

INSTANTIATE_TEST_SUITE_P(AllFormats, CodecSamples, ::testing::ValuesIn(all_samples()),
                         [](const auto& test) { return test.param.name; });

EncodedPicture picture(std::string_view name) {
  const auto all = encoded_pictures();
  return *std::ranges::find(all, name, &EncodedPicture::name);
}

// ---- bombs

std::string png_header(std::uint32_t width, std::uint32_t height) {
  const std::string header = big(width, 4) + big(height, 4) + "\1\0\0\0\0"s;
  return "\x89PNG\r\n\x1A\n"s + png_chunk("IHDR", header) +
         png_chunk("IDAT", "\x78\x9C\x63\x00\x00\x00\x01\x00\x01"s) + png_chunk("IEND", "");
}

/// The sample with the first `pattern` followed by `sides`.
std::string patched(std::string file, std::string_view pattern, std::size_t skip,
                    std::string_view sides) {
  return file.replace(file.find(pattern) + pattern.size() + skip, sides.size(), sides);
}

std::vector<EncodedPicture> bombs() {
  const std::string bmp =
      patched(picture("bmp_24").bytes, little(40, 4), 0, little(60'000, 4) + little(60'000, 4));
  return {
      {.name = "png", .format = ImageFormat::png, .bytes = png_header(30'000, 30'000)},
      {.name = "jpeg",
       .format = ImageFormat::jpeg,
       .bytes = patched(picture("jpeg_ycbcr").bytes, "\xFF\xC0"s, 3, "\xFF\xDC\xFF\xDC"s)},
      {.name = "jpeg_progressive",
       .format = ImageFormat::jpeg,
       .bytes = patched(picture("jpeg_progressive").bytes, "\xFF\xC2"s, 3, "\x4E\x20\x4E\x20"s)},
      {.name = "gif",
       .format = ImageFormat::gif,
       .bytes = "GIF89a\xFF\xFF\xFF\xFF\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"s},
      {.name = "gif_frame",
       .format = ImageFormat::gif,
       .bytes = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\xFF\xFF\xFF\xFF\0\2\2D\1\0;"s},
      {.name = "webp",
       .format = ImageFormat::webp,
       .bytes =
           patched(sample("webp_animated").bytes, "VP8X", 8, little(16382, 3) + little(16382, 3))},
      {.name = "avif",
       .format = ImageFormat::avif,
       .bytes = patched(picture("avif_still").bytes, "ispe", 4, big(16383, 4) + big(16383, 4))},
      {.name = "bmp", .format = ImageFormat::bmp, .bytes = bmp},
  };
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Decode, DimensionBombsAreRefusedByTheirHeadersAlone) {
  const std::vector<EncodedPicture> all = bombs();
  ASSERT_TRUE(decoded(picture("avif_still").bytes));  // loads libavif
  const long before = peak_kilobytes();
  for (const EncodedPicture& bomb : all) {
    const auto bare = decoded_bare(bomb.format, bomb.bytes);
    EXPECT_EQ(code_of(bare), ErrorCode::too_many_pixels) << bomb.name << ": " << detail_of(bare);
  }
  EXPECT_LT(peak_kilobytes() - before, 4 * 1024);
}

TEST(Decode, SaysBothNumbersOfPixels) {
  EXPECT_EQ(detail_of(decoded(png_header(30'000, 30'000))),
            "30000 x 30000 is 900 million pixels; 50 million allowed (--max_pixels)");
  EXPECT_EQ(detail_of(decoded(png_header(8'000, 6'251))),
            "8000 x 6251 is 50.008 million pixels; 50 million allowed (--max_pixels)");
}

TEST(Decode, JpegWithMoreScansThanAllowedIsTooComplex) {
  const auto result = decoded(picture("jpeg_progressive").bytes, {.max_scans = 3});
  EXPECT_EQ(code_of(result), ErrorCode::too_complex);
  EXPECT_EQ(detail_of(result), "more than 3 JPEG scans");
}

TEST(Decode, TakesNoMoreProcessorTimeThanItIsGiven) {
  for (const char* name : {"jpeg_ycbcr", "jpeg_progressive", "jpeg_cmyk", "png_rgb",
                           "png_rgb_interlaced", "gif_still"}) {
    const auto result = decoded(picture(name).bytes, {.max_cpu_time = Duration(0)});
    EXPECT_EQ(code_of(result), ErrorCode::decode_deadline) << name;
  }
}

TEST(Decode, TellsCmykFromOtherColor) {
  EXPECT_TRUE(decoded(picture("jpeg_cmyk").bytes)->is_cmyk);
  EXPECT_TRUE(decoded(picture("jpeg_ycck").bytes)->is_cmyk);
  EXPECT_FALSE(decoded(picture("jpeg_ycbcr").bytes)->is_cmyk);
}

// ---- damage inside a whole container

TEST(Decode, JpegWhoseDataEndsBeforeItsMarkerHasLostPixels) {
  const std::string& whole = picture("jpeg_ycbcr").bytes;
  const auto result = decoded(whole.substr(0, whole.size() - 40) + "\xFF\xD9"s);
  EXPECT_EQ(code_of(result), ErrorCode::decode_error);
  EXPECT_EQ(detail_of(result), "Corrupt JPEG data: premature end of data segment");
}

TEST(Decode, JpegWithAMissingRestartIntervalHasLostPixels) {
  std::string file = sample("jpeg_restarts").bytes;
  const std::size_t from = file.find("\xFF\xD1"s);
  const std::size_t to = file.find("\xFF\xD3"s);
  ASSERT_TRUE(from < to && to != std::string::npos);
  EXPECT_EQ(code_of(decoded(file.erase(from, to - from))), ErrorCode::decode_error);
}

TEST(Decode, PaddingBeforeTheEndOfAJpegIsOnlyRecorded) {
  const std::string& whole = picture("jpeg_ycbcr").bytes;
  const auto result =
      decoded(whole.substr(0, whole.size() - 2) + std::string(64, '\0') + "\xFF\xD9"s);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(result->warning, ::testing::HasSubstr("extraneous bytes before marker 0xd9"));
}

TEST(Decode, JpegOfTwelveBitsIsUnsupported) {
  const std::string file = patched(picture("jpeg_ycbcr").bytes, "\xFF\xC0"s, 2, "\x0C");
  EXPECT_EQ(code_of(decoded(file)), ErrorCode::unsupported_format);
}

TEST(Decode, PngWithAWrongChecksumIsDamaged) {
  std::string file = picture("png_rgb").bytes;
  file[file.find("IEND") - 5] ^= 1;  // the last byte of the last IDAT's CRC
  const auto result = decoded(file);
  EXPECT_EQ(code_of(result), ErrorCode::decode_error);
  EXPECT_EQ(detail_of(result), "PNG: IDAT: CRC error");
}

TEST(Decode, AncillaryChunksOfAPngAreNotLookedInto) {
  std::string file = picture("png_rgb").bytes;
  file.insert(file.find("IDAT") - 4, png_chunk("iCCP", "no profile") + png_chunk("zTXt", "") +
                                         png_chunk("eXIf", std::string(70'000, 'x')) +
                                         png_chunk("gAMA", "??"));
  const auto result = decoded(file);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->warning, "");
}

TEST(Decode, WebpFrameOutsideItsCanvasIsDamaged) {
  std::string file = patched(picture("webp_animated").bytes, "ANMF", 4, little(1, 3));
  EXPECT_EQ(code_of(decoded(file)), ErrorCode::decode_error);
}

TEST(Decode, WhatAFirstFrameLeavesOutIsTransparent) {
  const auto result = decoded(sample("webp_animated").bytes);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->image.channels(), 4u);
  EXPECT_EQ(samples_at(result->image, 99, 79), (std::vector<int>{0, 0, 0, 0}));
  EXPECT_EQ(samples_at(result->image, 5, 5)[3], 255);
}

// A canvas of 3 × 2 with a frame of 2 × 2 at (2, 0): its right column lies outside.
TEST(Decode, GifFrameIsCutAtItsCanvas) {
  const std::string file =
      "GIF89a\3\0\2\0\x80\0\0\1\2\3\x65\x66\x67!\xF9\4\0\0\0\0\0,\2\0\0\0\2\0\2\0\0\2\3\x44\x02\x05\0;"s;
  const auto result = decoded(file);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(samples_at(result->image, 0, 0), (std::vector<int>{0, 0, 0, 0}));
  EXPECT_EQ(samples_at(result->image, 2, 0)[3], 255);
}

TEST(Decode, BmpRunBehindItsRowIsDamaged) {
  std::string file = patched(sample("bmp_rle").bytes, std::string(8, '\x11'), 0, "");
  file.replace(file.size() - 6, 1, "\x06");
  const auto result = decoded(file);
  EXPECT_EQ(code_of(result), ErrorCode::decode_error);
  EXPECT_EQ(detail_of(result), "BMP: a run of pixels leaves its row");
}

TEST(Decode, FormatsWithoutACodecAreUnsupported) {
  EXPECT_EQ(code_of(decoded(sample("tiff_little").bytes)), ErrorCode::unsupported_format);
  EXPECT_EQ(code_of(decoded("%PDF-1.7\n")), ErrorCode::unsupported_format);
  EXPECT_EQ(code_of(decoded("<html><body>gone</body></html>")), ErrorCode::not_image);
}

TEST(Decode, NoCodecBelievesAnotherFormatsBytes) {
  for (const EncodedPicture& each : encoded_pictures()) {
    for (const ImageFormat other : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp,
                                    ImageFormat::gif, ImageFormat::avif, ImageFormat::bmp}) {
      if (other == each.format) continue;
      EXPECT_FALSE(decoded_bare(other, each.bytes)) << each.name;
    }
  }
}

}  // namespace
}  // namespace pixhaul::image
