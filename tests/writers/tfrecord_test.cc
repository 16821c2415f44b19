#include "writers/tfrecord.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "writers/shard_check.h"
#include "writers/spooled_samples.h"

namespace pixhaul::writers {
namespace {

using pixhaul::testing::IsOk;

class Tfrecord : public ::testing::Test {
 protected:
  void add(std::string_view key, std::string_view extension, std::string_view image,
           std::string_view json, std::optional<std::string_view> caption = {}) {
    ASSERT_THAT(tfrecord_.add(samples_.sample(key, extension, image, json, caption)), IsOk());
  }
  std::string finish() {
    facts_ = tfrecord_.finish().value();
    return files_.contents("out/a.tfrecord");
  }
  // The Features message of a file of one record.
  std::string features(std::string_view json, std::optional<std::string_view> caption = {}) {
    add("1", "jpg", "I", json, caption);
    const std::string file = finish();
    EXPECT_EQ(static_cast<std::size_t>(file[0]), file.size() - 16) << "the record's length";
    return file.substr(14, file.size() - 18);  // 12 for the frame, 2 for Example's only field
  }
  Result<ShardContents> check(std::string_view bytes, const ImageVisitor& visit = {}) {
    files_.put("out/read", bytes);
    return check_tfrecord(*samples_.folder().open("read").value(), visit);
  }

  test::MemoryFileSystem files_;
  SpooledSamples samples_{files_};
  std::unique_ptr<WritableFile> file_ = samples_.folder().create("a.tfrecord").value();
  TfrecordFile tfrecord_{*file_};
  FileFacts facts_;
};

// A Features entry of one bytes value, short enough for lengths of one byte.
std::string bytes_entry(std::string_view name, std::string_view value) {
  const auto field = [](char tag, const std::string& bytes) {
    return std::string{tag, static_cast<char>(bytes.size())} + bytes;
  };
  const std::string feature = field('\x0a', field('\x0a', std::string(value)));
  return field('\x0a', field('\x0a', std::string(name)) + field('\x12', feature));
}

std::string raw_entry(std::string_view name, std::string_view feature) {
  const std::string entry =
      std::string{'\x0a', static_cast<char>(name.size())} + std::string(name) +
      std::string{'\x12', static_cast<char>(feature.size())} + std::string(feature);
  return std::string{'\x0a', static_cast<char>(entry.size())} + entry;
}

TEST_F(Tfrecord, FeaturesStandInTheOrderOfTheSample) {
  EXPECT_EQ(features(R"({"url": "u", "key": "1", "b": null})", "cap"),
            bytes_entry("key", "1") + bytes_entry("jpg", "I") + bytes_entry("txt", "cap") +
                bytes_entry("url", "u") + bytes_entry("b", ""));
}

TEST_F(Tfrecord, NumbersAreIntegersOrFloats) {
  using namespace std::string_literals;
  EXPECT_EQ(features(R"({"i": 300, "n": -1, "f": 1.5, "t": true, "e": 2e0})"),
            bytes_entry("key", "1") + bytes_entry("jpg", "I") +
                raw_entry("i", "\x1a\x04\x0a\x02\xac\x02"s) +
                raw_entry("n", "\x1a\x0c\x0a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s) +
                raw_entry("f", "\x12\x06\x0a\x04\x00\x00\xc0\x3f"s) +
                raw_entry("t", "\x1a\x03\x0a\x01\x01"s) +
                raw_entry("e", "\x12\x06\x0a\x04\x00\x00\x00\x40"s));
}

TEST_F(Tfrecord, ListsAreWhatTheyHold) {
  using namespace std::string_literals;
  EXPECT_EQ(features(R"({"i": [1, 2], "f": [1, 0.5], "s": ["a", null], "m": [1, "x"], "z": []})"),
            bytes_entry("key", "1") + bytes_entry("jpg", "I") +
                raw_entry("i", "\x1a\x04\x0a\x02\x01\x02"s) +
                raw_entry("f", "\x12\x0a\x0a\x08\x00\x00\x80\x3f\x00\x00\x00\x3f"s) +
                raw_entry("s",
                          "\x0a\x05\x0a\x01"
                          "a\x0a\x00"s) +
                raw_entry("m",
                          "\x0a\x06\x0a\x01"
                          "1\x0a\x01"
                          "x"s) +
                raw_entry("z", "\x0a\x00"s));
}

TEST_F(Tfrecord, WhatHasNoTypeOfItsOwnIsText) {
  EXPECT_EQ(features(R"({"o": {"a":1}, "u": 99999999999999999999, "s": "\u00e9\n"})"),
            bytes_entry("key", "1") + bytes_entry("jpg", "I") + bytes_entry("o", R"({"a":1})") +
                bytes_entry("u", "99999999999999999999") + bytes_entry("s", "é\n"));
}

TEST_F(Tfrecord, NoColumnTakesThePlaceOfTheImageOrCaption) {
  EXPECT_EQ(features(R"({"jpg": "evil", "txt": "evil", "png": "kept"})", "cap"),
            bytes_entry("key", "1") + bytes_entry("jpg", "I") + bytes_entry("txt", "cap") +
                bytes_entry("png", "kept"));
}

// TensorFlow's documentation of the format: length, masked_crc32_of_length, data,
// masked_crc32_of_data, masked_crc = ((crc >> 15) | (crc << 17)) + 0xa282ead8.
TEST_F(Tfrecord, FramesBearTheirMaskedSums) {
  EXPECT_EQ(masked_crc32c(0), 0xa282ead8u);
  EXPECT_EQ(masked_crc32c(crc32c("123456789")), 0xc78ab0e5u);
  add("1", "jpg", std::string(100'000, 'x'), "{}");
  const std::string file = finish();
  const auto u32 = [&](std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 4; i-- > 0;)
      number = number << 8 | static_cast<unsigned char>(file[at + i]);
    return number;
  };
  EXPECT_EQ(u32(0), file.size() - 16);
  EXPECT_EQ(u32(8), masked_crc32c(crc32c(file.substr(0, 8))));
  EXPECT_EQ(u32(file.size() - 4), masked_crc32c(crc32c(file.substr(12, file.size() - 16))));
  EXPECT_EQ(facts_, (FileFacts{.bytes = file.size(), .crc32c = crc32c(file)}));
}

TEST_F(Tfrecord, TheCheckGivesBackEveryImage) {
  add("1", "jpg", std::string(70'000, 'a'), R"({"a": 1})", "x");
  add("2", "png", "bb", R"({"a": 1})", "x");
  const std::string file = finish();
  std::string seen;
  const auto visit = [&](const StoredImage& image) -> Result<> {
    seen += image.key;
    seen += image.extension;
    EXPECT_EQ(
        file.substr(image.offset, image.bytes.size()),
        std::string_view(reinterpret_cast<const char*>(image.bytes.data()), image.bytes.size()));
    return {};
  };
  EXPECT_EQ(check(file, visit).value().samples, 2u);
  EXPECT_EQ(seen, "1jpg2png");
  EXPECT_EQ(check(file).value().facts, facts_);
}

TEST_F(Tfrecord, EveryCutAndFlippedBitIsFound) {
  add("1", "jpg", "image one", R"({"a": 1})");
  const std::size_t first = files_.contents("out/a.tfrecord").size();
  add("2", "jpg", "image two", R"({"a": 1})");
  const std::string file = finish();
  ASSERT_EQ(check(file).value().samples, 2u);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const Result<ShardContents> result = check(std::string_view(file).substr(0, size));
    ASSERT_FALSE(result.has_value() && result->samples == 2) << size << " of which " << first;
  }
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(check(damaged).has_value()) << bit;
  }
}

}  // namespace
}  // namespace pixhaul::writers
