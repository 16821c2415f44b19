#include "base/summed_file.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/digest.h"
#include "support/memory_fs.h"

namespace pixhaul {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class Summed : public testing::Test {
 protected:
  std::unique_ptr<RandomAccessFile> source(std::string_view text) {
    files_.put("out/source", text);
    return folder_->open("source").value();
  }

  test::MemoryFileSystem files_;
  std::unique_ptr<Folder> folder_ = files_.open_folder("out", Folder::IfMissing::make).value();
  std::unique_ptr<WritableFile> file_ = folder_->create("a").value();
};

TEST_F(Summed, FactsAreThoseOfTheFileWhateverTheWayBytesCame) {
  const auto from = source("0123456789");
  for (const std::size_t buffer : {1, 4, 8, 1024}) {
    files_.erase("out/a");
    auto file = folder_->create("a").value();
    SummedFile summed(*file, buffer);
    ASSERT_TRUE(summed.write(bytes_of("front-")).has_value());
    ASSERT_TRUE(summed.append_known(*from, 2, 5, crc32c("23456")).has_value());
    ASSERT_TRUE(summed.write(bytes_of("-")).has_value());
    ASSERT_TRUE(summed.append_from(*from, 8, 2).has_value());
    ASSERT_TRUE(summed.close().has_value());
    EXPECT_EQ(files_.contents("out/a"), "front-23456-89");
    EXPECT_EQ(summed.facts(), (FileFacts{.bytes = 14, .crc32c = crc32c("front-23456-89")}));
  }
}

TEST_F(Summed, SmallWritesShareOneCall) {
  SummedFile summed(*file_, 100);
  const std::uint64_t before = files_.calls();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(summed.write(bytes_of("12345")).has_value());
  EXPECT_EQ(files_.calls() - before, 0u);
  ASSERT_TRUE(summed.flush().has_value());
  ASSERT_TRUE(summed.flush().has_value());
  EXPECT_EQ(files_.calls() - before, 1u);
}

TEST_F(Summed, AFullDiskIsSaidByTheCallThatMeetsIt) {
  SummedFile summed(*file_, 4);
  files_.fail_call(1, ENOSPC, true);
  ASSERT_TRUE(summed.write(bytes_of("1234")).has_value());
  EXPECT_EQ(summed.write(bytes_of("5")).error().code, ErrorCode::disk_full);
}

TEST_F(Summed, ASourceThatEndsTooEarlyIsAnError) {
  const auto from = source("0123");
  SummedFile summed(*file_);
  EXPECT_EQ(summed.append_known(*from, 2, 5, 0).error().code, ErrorCode::state_damaged);
  EXPECT_EQ(summed.append_from(*from, 4, 1).error().code, ErrorCode::state_damaged);
  SummedFile unbuffered(*file_, 1);
  EXPECT_EQ(unbuffered.append_known(*from, 2, 5, 0).error().code, ErrorCode::state_damaged);
}

}  // namespace
}  // namespace pixhaul
