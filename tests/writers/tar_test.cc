#include "writers/tar.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "support/result_matchers.h"
#include "writers/shard_check.h"
#include "writers/spooled_samples.h"

namespace pixhaul::writers {
namespace {

using pixhaul::testing::IsOk;

class Tar : public ::testing::Test {
 protected:
  void add(std::string_view key, std::string_view extension, std::string_view image,
           std::string_view json = "{}", std::optional<std::string_view> caption = {}) {
    ASSERT_THAT(tar_.add(samples_.sample(key, extension, image, json, caption)), IsOk());
  }
  // Ends the tar and gives its bytes.
  std::string finish() {
    facts_ = tar_.finish().value();
    return files_.contents("out/a.tar");
  }
  Result<ShardContents> check(std::string_view bytes, const ImageVisitor& visit = {}) {
    files_.put("out/read", bytes);
    return check_tar(*samples_.folder().open("read").value(), visit);
  }
  std::string small_tar() {
    add("000000000", "jpg", std::string(700, 'a'), "{\"a\": 1}", "first");
    add("000000001", "png", "", "{}", "");
    add("000000003", "webp", std::string(512, 'c'), std::string(600, ' '));
    return finish();
  }

  test::MemoryFileSystem files_;
  SpooledSamples samples_{files_};
  std::unique_ptr<WritableFile> file_ = samples_.folder().create("a.tar").value();
  TarFile tar_{*file_};
  FileFacts facts_;
};

std::vector<std::string> member_names(std::string_view tar) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < tar.size() && tar[at] != '\0';) {
    names.emplace_back(tar.substr(at, tar.substr(at).find('\0')));
    const std::size_t size = std::stoul(std::string(tar.substr(at + 124, 11)), nullptr, 8);
    at += 512 + (size + 511) / 512 * 512;
  }
  return names;
}

// Every byte of the header that tarfile.TarInfo("000000017.jpg").tobuf(tarfile.USTAR_FORMAT) gives
// with mode 0o444, uname = gname = "bigdata" and size 76543.
TEST(TarHeader, AHeaderIsThatOfPythonsTarfile) {
  const struct {
    std::size_t at;
    std::string_view text;
  } fields[] = {{0, "000000017.jpg"},      {100, "0000444"},     {108, "0000000"}, {116, "0000000"},
                {124, "00000225377"},      {136, "00000000000"}, {148, "012264"},  {155, " 0"},
                {257, {"ustar\00000", 8}}, {265, "bigdata"},     {297, "bigdata"}};
  std::string want(512, '\0');
  for (const auto& field : fields) want.replace(field.at, field.text.size(), field.text);
  const auto header = tar_header("000000017.jpg", 76543);
  EXPECT_EQ(std::string_view(header.data(), header.size()), want);
}

TEST_F(Tar, MembersStandInOrderOfTheirExtensions) {
  add("1", "avif", "i", "{}", "c");
  add("2", "jpg", "i", "{}", "c");
  add("3", "png", "i", "{}", "c");
  add("4", "webp", "i", "{}", "c");
  add("5", "webp", "i");
  const std::vector<std::string> want = {"1.avif", "1.json", "1.txt",  "2.jpg", "2.json",
                                         "2.txt",  "3.json", "3.png",  "3.txt", "4.json",
                                         "4.txt",  "4.webp", "5.json", "5.webp"};
  EXPECT_EQ(member_names(finish()), want);
}

TEST_F(Tar, ContentsStandAtTheirBlocksAndTheEndIsAWholeRecord) {
  add("7", "jpg", "image", "json", "caption");
  const std::string tar = finish();
  ASSERT_EQ(tar.size(), 10240u);
  std::string want(10240, '\0');
  const auto put = [&](std::size_t block, std::string_view name, std::string_view contents) {
    const auto header = tar_header(name, contents.size());
    want.replace(block * 512, 512, header.data(), 512);
    want.replace(block * 512 + 512, contents.size(), contents);
  };
  put(0, "7.jpg", "image");
  put(2, "7.json", "json");
  put(4, "7.txt", "caption");
  EXPECT_EQ(tar, want);
}

TEST_F(Tar, FactsAreThoseOfTheFile) {
  const std::string tar = small_tar();
  EXPECT_EQ(facts_.bytes, tar.size());
  EXPECT_EQ(facts_.crc32c, crc32c(tar));
}

TEST_F(Tar, AnEmptyShardIsAnEmptyTar) {
  const std::string tar = finish();
  EXPECT_EQ(tar, std::string(10240, '\0'));
  EXPECT_EQ(check(tar).value().samples, 0u);
}

TEST_F(Tar, AFullDiskIsSaid) {
  files_.fail_call(1, ENOSPC, true);
  const std::string image(2 << 20, 'x');  // longer than the buffer
  EXPECT_EQ(tar_.add(samples_.sample("1", "jpg", image, "{}")).error().code, ErrorCode::disk_full);
  EXPECT_EQ(tar_.finish().error().code, ErrorCode::disk_full);
}

TEST_F(Tar, ASpoolThatEndsTooEarlyIsSaid) {
  SampleParts sample = samples_.sample("1", "jpg", "image", "{}");
  sample.image.length += 100;
  EXPECT_EQ(tar_.add(sample).error().code, ErrorCode::state_damaged);
}

TEST_F(Tar, TheCheckGivesBackEveryImage) {
  const std::string tar = small_tar();
  std::string seen;
  const ShardContents contents =
      check(tar, [&](const StoredImage& image) -> Result<> {
        seen += image.key;
        seen += '.';
        seen += image.extension;
        seen += ' ';
        EXPECT_EQ(tar.substr(image.offset, image.bytes.size()),
                  std::string_view(reinterpret_cast<const char*>(image.bytes.data()),
                                   image.bytes.size()));
        return {};
      }).value();
  EXPECT_EQ(seen, "000000000.jpg 000000001.png 000000003.webp ");
  EXPECT_EQ(contents.samples, 3u);
  EXPECT_EQ(contents.facts, facts_);
}

TEST_F(Tar, AVisitorEndsTheCheck) {
  const std::string tar = small_tar();
  const auto stop = [](const StoredImage&) -> Result<> {
    return std::unexpected(Error{.code = ErrorCode::decode_error});
  };
  EXPECT_EQ(check(tar, stop).error().code, ErrorCode::decode_error);
}

// Python's tarfile reads 18 % of the cuts at block boundaries without an error.
TEST_F(Tar, EveryCutIsFound) {
  const std::string tar = small_tar();
  ASSERT_THAT(check(tar), IsOk());
  for (std::size_t size = 0; size < tar.size(); size += size % 512 == 0 ? 1 : 511) {
    const Result<ShardContents> result = check(std::string_view(tar).substr(0, size));
    ASSERT_FALSE(result.has_value()) << size;
    EXPECT_EQ(result.error().code, ErrorCode::state_damaged);
  }
  EXPECT_FALSE(check(tar + std::string(512, '\0')).has_value());
  EXPECT_FALSE(check(tar + "x").has_value());
}

TEST_F(Tar, EveryFlippedBitIsFoundByStructureOrSum) {
  const std::string tar = small_tar();
  int by_structure = 0;
  for (std::size_t bit = 0; bit < tar.size() * 8; bit += 11) {
    std::string damaged = tar;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Result<ShardContents> result = check(damaged);
    by_structure += result.has_value() ? 0 : 1;
    ASSERT_FALSE(result.has_value() && result->facts == facts_) << bit;
  }
  EXPECT_GT(by_structure, 100);
}

TEST_F(Tar, ASampleWithoutItsPartsIsFound) {
  const auto block_of = [](std::string_view name) {
    const auto header = tar_header(name, 0);
    return std::string(header.data(), header.size());
  };
  const std::string image = block_of("1.jpg");
  const std::string json = block_of("1.json");
  const std::string end(10240 - 1024, '\0');
  EXPECT_THAT(check(image + json + end), IsOk());
  const std::string short_end(10240 - 512, '\0');
  EXPECT_NE(check(image + short_end).error().detail.find("lacks its JSON"), std::string::npos);
  EXPECT_NE(check(json + short_end).error().detail.find("lacks its image"), std::string::npos);
  EXPECT_FALSE(check(image + image + end).has_value()) << "twice";
  EXPECT_FALSE(check(json + block_of("1.pkl") + end).has_value()) << "readers unpickle these";
  EXPECT_FALSE(check(block_of("noextension") + short_end).has_value());
}

}  // namespace
}  // namespace pixhaul::writers
