#include "image/exif.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image/samples.h"

// The text is compared with ExifRead's own in tests/image/exif_compare_test.py; here are the
// containers, the orientation, and what a stranger's directory may try.

namespace pixhaul::image {
namespace {

using namespace std::string_literals;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// One line of a big-endian directory with its value in place.
std::string entry(std::uint16_t tag, std::uint16_t type, std::uint32_t count, std::string value) {
  value.resize(4);
  return big(tag, 2) + big(type, 2) + big(count, 4) + value;
}

std::string directory(const std::vector<std::string>& entries, std::uint32_t next = 0) {
  std::string text = big(entries.size(), 2);
  for (const std::string& line : entries) text += line;
  return text + big(next, 4);
}

std::string tiff(const std::vector<std::string>& entries, std::uint32_t next = 0) {
  return "MM\0\x2A"s + big(8, 4) + directory(entries, next);
}

std::string jpeg_with(const std::string& exif) {
  return "\xFF\xD8"s + segment(0xE0, "JFIF\0\1\1\0\0\1\0\1\0\0"s) + segment(0xE1, "http://ns"s) +
         segment(0xE1, "Exif\0\0"s + exif) + segment(0xDA, "\1\1\0\0\x3F\0"s) + "\xFF\xD9"s;
}

std::string text_of(const std::string& exif) { return exif_text(bytes_of(jpeg_with(exif))); }

const std::string kTurned = entry(0x0112, 3, 1, "\0\6"s);

TEST(Exif, IsFoundInEveryContainer) {
  const std::string exif = tiff({kTurned});
  const std::string png = "\x89PNG\r\n\x1A\n"s + png_chunk("IHDR", std::string(13, '\1')) +
                          png_chunk("IDAT", "") + png_chunk("eXIf", exif) + png_chunk("IEND", "");
  const std::string vp8x = riff_chunk("VP8X", std::string(10, '\0'));
  for (const std::string& file :
       {jpeg_with(exif), png,
        riff_file(vp8x + riff_chunk("ICCP", "odd") + riff_chunk("EXIF", exif)),
        riff_file(vp8x + riff_chunk("EXIF", "Exif\0\0"s + exif)), exif}) {
    EXPECT_EQ(exif_orientation(bytes_of(file)), Orientation::right_top);
    EXPECT_EQ(exif_text(bytes_of(file)), R"({"Image Orientation": "Rotated 90 CW"})");
  }
}

TEST(Exif, FilesWithoutItAreUprightAndEmpty) {
  for (const std::string& file :
       {""s, "\xFF\xD8"s, jpeg_with(""), jpeg_with("MM\0\x2A"s), sample("jpeg_restarts").bytes,
        sample("png_small").bytes, "GIF89a"s, "<html>"s}) {
    EXPECT_EQ(exif_orientation(bytes_of(file)), Orientation::top_left);
    EXPECT_EQ(exif_text(bytes_of(file)), "{}");
  }
}

TEST(Exif, OrientationThatMakesNoSenseIsNone) {
  for (const std::string& line :
       {entry(0x0112, 3, 1, "\0\0"s), entry(0x0112, 3, 1, "\0\x09"s), entry(0x0112, 2, 1, "6"),
        entry(0x0112, 3, 0, "\0\6"s), entry(0x0112, 3, 9, "\xFF\xFF\xFF\xFF"s)}) {
    EXPECT_EQ(exif_orientation(bytes_of(jpeg_with(tiff({line})))), Orientation::top_left);
  }
}

TEST(Exif, CutsAndFlippedBytesAreSurvived) {
  const std::string whole =
      jpeg_with(tiff({kTurned, entry(0x010F, 2, 40, big(50, 4)), entry(0x011A, 5, 1, big(50, 4)),
                      entry(0x8769, 4, 1, big(8, 4)), entry(0x8825, 4, 1, big(20, 4))},
                     8));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    EXPECT_TRUE(exif_text(bytes_of(whole.substr(0, size))).starts_with('{'));
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char bit : {'\1', '\x10', '\x80', '\xFF'}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      static_cast<void>(exif_orientation(bytes_of(damaged)));
      EXPECT_TRUE(exif_text(bytes_of(damaged)).ends_with('}'));
    }
  }
}

TEST(Exif, DirectoriesThatPointAtThemselvesEnd) {
  EXPECT_EQ(text_of(tiff({kTurned}, 8)), R"({"Image Orientation": "Rotated 90 CW"})");
  EXPECT_EQ(text_of(tiff({entry(0x8769, 4, 1, big(8, 4))})),
            R"({"Image ExifOffset": "8", "EXIF ExifOffset": "8"})");
}

// 65,535 lines that all refer to the same 60 kB.
TEST(Exif, OneLongValueIsNotRepeatedWithoutEnd) {
  std::vector<std::string> lines;
  for (std::uint16_t tag = 0; tag < 4000; ++tag) lines.push_back(entry(tag, 2, 60'000, big(8, 4)));
  std::string exif = "MM\0\x2A"s + big(60'100, 4) + std::string(60'092, 'x') + directory(lines);
  const std::string png = "\x89PNG\r\n\x1A\n"s + png_chunk("eXIf", exif) + png_chunk("IEND", "");
  EXPECT_LT(exif_text(bytes_of(png)).size(), 300'000u);
  EXPECT_LT(exif_text(bytes_of(exif)).size(), 300'000u);
}

TEST(Exif, TagsBehindSixtyFourKibibytesAreNotLookedAt) {
  const std::string exif =
      "MM\0\x2A"s + big(70'000, 4) + std::string(70'000 - 8, '\0') + directory({kTurned});
  const std::string png = "\x89PNG\r\n\x1A\n"s + png_chunk("eXIf", exif) + png_chunk("IEND", "");
  EXPECT_EQ(exif_text(bytes_of(png)), "{}");
}

TEST(Exif, MakerNotesCommentsAndXmpAreLeftOut) {
  const std::string text =
      text_of(tiff({entry(0x02BC, 1, 4, "<x/>"), kTurned, entry(0x927C, 7, 4, "note"),
                    entry(0x9286, 7, 4, "talk")}));
  EXPECT_EQ(text, R"({"Image Orientation": "Rotated 90 CW"})");
}

TEST(Exif, TextIsEscapedToAscii) {
  EXPECT_EQ(text_of(tiff({entry(0x010F, 2, 4, "\"\\\xC3\xA9"s)})),
            R"({"Image Make": "\"\\\u00e9"})");
  EXPECT_EQ(text_of(tiff({entry(0x010F, 2, 4, "\xF0\x9F\x98\x80"s)})),
            R"({"Image Make": "\ud83d\ude00"})");
  EXPECT_EQ(text_of(tiff({entry(0x010F, 2, 4, " \xFF "s)})), R"({"Image Make": "b' \\xff '"})");
}

}  // namespace
}  // namespace pixhaul::image
