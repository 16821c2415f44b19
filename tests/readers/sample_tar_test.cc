#include "readers/sample_tar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

namespace pixhaul::readers {
namespace {

class TextFile final : public ReadableFile {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte>) override { return std::size_t{0}; }
  std::optional<std::uint64_t> size() const override { return text_.size(); }
  bool is_seekable() const override { return true; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::size_t count = text_.copy(reinterpret_cast<char*>(into.data()), into.size(),
                                         std::min<std::size_t>(offset, text_.size()));
    return count;
  }

 private:
  std::string text_;
};

std::string octal(std::size_t number) {
  char text[12];
  std::snprintf(text, sizeof text, "%011zo", number);
  return text;
}

std::string member(std::string_view name, std::string_view bytes, char type = '0',
                   std::string_view prefix = "") {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, 11, octal(bytes.size()));
  header.replace(148, 8, 8, ' ');
  header[156] = type;
  header.replace(257, 5, "ustar");
  header.replace(345, prefix.size(), prefix);
  std::size_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, octal(sum).substr(5) + '\0');
  std::string padded(bytes);
  padded.resize((bytes.size() + 511) / 512 * 512);
  return header + padded;
}

const std::string kEnd(1024, '\0');

struct Read {
  std::vector<std::string> samples;  // "KEY json=… txt=… image=OFFSET+LENGTH"
  std::string error;
};

Read read(std::string tar) {
  SampleTar samples(std::make_unique<TextFile>(std::move(tar)), "t.tar");
  Read result;
  TarSample sample;
  for (;;) {
    Result<bool> got = samples.next(sample);
    if (!got) result.error = got.error().detail;
    if (!got || !*got) return result;
    std::string text = sample.key + " json=" + sample.json;
    if (sample.caption) text += " txt=" + *sample.caption;
    if (sample.image) {
      text += " image=" + std::to_string(sample.image->offset) + "+" +
              std::to_string(sample.image->length);
    }
    result.samples.push_back(std::move(text));
  }
}

using Samples = std::vector<std::string>;

TEST(SampleTar, MembersInARowThatShareAKeyAreASample) {
  const Read got = read(member("00000.jpg", "abc") + member("00000.json", "{}") +
                        member("00000.txt", "hi") + member("00001.png", "") + kEnd);
  EXPECT_EQ(got.samples, (Samples{"00000 json={} txt=hi image=512+3", "00001 json= image=3584+0"}));
  EXPECT_EQ(got.error, "");
}

TEST(SampleTar, LongNamesOfEveryKindAreUnderstood) {
  const std::string name(120, 'n');
  const std::string pax = member("x", "134 path=" + name + ".jpg\n", 'x');
  EXPECT_EQ(read(pax + member("short.jpg", "a") + kEnd).samples.front().substr(0, 120), name);
  const std::string gnu = member("L", name + ".jpg" + std::string(1, '\0'), 'L');
  EXPECT_EQ(read(gnu + member("short.jpg", "a") + kEnd).samples.front().substr(0, 120), name);
}

TEST(SampleTar, ASampleBehindALongNameIsNotLost) {
  const std::string gnu = member("L", std::string("b.jpg\0", 6), 'L');
  EXPECT_EQ(read(member("a.jpg", "1") + gnu + member("x.jpg", "22") + kEnd).samples,
            (Samples{"a json= image=512+1", "b json= image=2560+2"}));
}

TEST(SampleTar, FoldersAndMembersWithoutAnExtensionArePassedOver) {
  EXPECT_EQ(
      read(member("d/", "", '5') + member("README", "x") + member("d/a.jpg", "1") + kEnd).samples,
      (Samples{"d/a json= image=2048+1"}));
}

TEST(SampleTar, EveryCutWithinAMemberIsAnError) {
  const std::string whole = member("a.jpg", std::string(700, 'j'));
  for (std::size_t size = 1; size < 512 + 700; ++size) {
    EXPECT_NE(read(whole.substr(0, size)).error.find("cut short"), std::string::npos) << size;
  }
}

TEST(SampleTar, DamagedHeadersAndLargeTextsAreRefused) {
  std::string damaged = member("a.jpg", "1");
  damaged[3] = 'x';
  EXPECT_NE(read(damaged + kEnd).error.find("damaged"), std::string::npos);
  EXPECT_NE(read(member("a.json", std::string((1u << 20) + 1, ' ')) + kEnd).error.find("1 MiB"),
            std::string::npos);
}

TEST(SampleLines, EverySampleIsExactlyOneLine) {
  const std::string tar =
      member("0.jpg", "") + member("0.json", "{\n \"a\": 1\n}\n") + member("1.jpg", "") +
      member("1.json", "{\"url\":\"u\",\"caption\":null}") + member("2.jpg", "") +
      member("2.txt", "two\nlines") + member("3.json", " \n") + kEnd;
  std::deque<std::optional<BodyPlace>> places;
  const auto lines = make_sample_lines(std::make_unique<TextFile>(tar), "t", places);
  std::string text;
  std::array<std::byte, 7> block;
  for (;;) {
    const auto count = lines->read(block);
    ASSERT_TRUE(count.has_value());
    if (*count == 0) break;
    text.append(reinterpret_cast<const char*>(block.data()), *count);
  }
  EXPECT_EQ(text,
            "{  \"a\": 1 ,\"url\":\"t/0\",\"caption\":null}\n"
            "{\"url\":\"u\",\"caption\":null}\n"
            "{\"url\":\"t/2\",\"caption\":\"two\\nlines\"}\n"
            "0\n");
  ASSERT_EQ(places.size(), 4u);
  EXPECT_TRUE(places[2].has_value());
  EXPECT_FALSE(places[3].has_value());
}

}  // namespace
}  // namespace pixhaul::readers
