#include "writers/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/memory_fs.h"
#include "writers/open.h"

namespace pixhaul::writers {
namespace {

using testing::ElementsAre;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class Files : public testing::Test {
 protected:
  test::MemoryFileSystem files_;
  std::unique_ptr<Folder> output_ = files_.open_folder("out", Folder::IfMissing::make).value();
  FilesWriter writer_{*output_, NameStyle::name, 2};
  const SampleName name_{.shard = "00000", .key = "000000017", .url_path = "/x/sunset.png"};
};

TEST_F(Files, ASampleIsWrittenUnderItsFinalNameAlone) {
  EXPECT_EQ(writer_.append(name_, "jpg", bytes_of("bytes")).value(), "00000/000000017-sunset.jpg");
  EXPECT_THAT(files_.files(), ElementsAre("out/00000/000000017-sunset.jpg"));
  EXPECT_EQ(files_.contents("out/00000/000000017-sunset.jpg"), "bytes");
}

TEST_F(Files, OneSampleCostsFourCalls) {
  ASSERT_TRUE(writer_.append(name_, "jpg", bytes_of("bytes")).has_value());
  const std::uint64_t before = files_.calls();
  ASSERT_TRUE(writer_.append(name_, "jpg", bytes_of("again")).has_value());
  EXPECT_EQ(files_.calls() - before, 4u);
}

TEST_F(Files, AStreamIsVisibleOnceFinishedAndGoneOnceAborted) {
  auto stream = writer_.begin(name_).value();
  ASSERT_TRUE(stream->write(bytes_of("by")).has_value());
  ASSERT_TRUE(stream->write(bytes_of("tes")).has_value());
  EXPECT_THAT(files_.files(), ElementsAre("out/00000/.000000017.part"));
  EXPECT_EQ(stream->finish("png").value(), "00000/000000017-sunset.png");
  EXPECT_EQ(files_.contents("out/00000/000000017-sunset.png"), "bytes");
  auto other = writer_.begin({.shard = "00000", .key = "000000018"}).value();
  ASSERT_TRUE(other->write(bytes_of("x")).has_value());
  other.reset();
  EXPECT_THAT(files_.files(), ElementsAre("out/00000/000000017-sunset.png"));
}

TEST_F(Files, AStreamOutlivesItsFoldersPlaceInTheList) {
  auto stream = writer_.begin(name_).value();
  for (const std::string_view shard : {"00001", "00002", "00003"}) {
    ASSERT_TRUE(writer_.append({.shard = shard, .key = "1"}, "gif", bytes_of("g")).has_value());
  }
  ASSERT_TRUE(stream->write(bytes_of("late")).has_value());
  EXPECT_EQ(stream->finish("png").value(), "00000/000000017-sunset.png");
}

TEST_F(Files, ALeftTemporaryIsReplaced) {
  files_.put("out/00000/.000000017.part", "half of an image that a killed run left");
  ASSERT_TRUE(writer_.append(name_, "jpg", bytes_of("whole")).has_value());
  EXPECT_EQ(files_.contents("out/00000/000000017-sunset.jpg"), "whole");
}

TEST_F(Files, EveryFailingCallIsAnErrorThatLeavesNothingHalfUnderAFinalName) {
  for (std::uint64_t n = 1; n <= 5; ++n) {
    files_.fail_call(n, ENOSPC, false);
    const Result<std::string> path = writer_.append(name_, "jpg", bytes_of("bytes"));
    files_.heal();
    ASSERT_EQ(path.has_value(), n == 5 || files_.exists("out/00000/000000017-sunset.jpg")) << n;
    if (path) break;
    EXPECT_EQ(path.error().code, ErrorCode::disk_full);
    EXPECT_TRUE(files_.files().empty()) << n;
  }
}

TEST_F(Files, SweepKeepsKnownSamplesAndStrangers) {
  for (const std::string_view path :
       {"000000001-a.jpg", "000000002.png", ".000000003.part", "notes.txt", ".hidden"}) {
    files_.put("out/00000/" + std::string(path), "x");
  }
  ASSERT_TRUE(writer_.sweep("00000", {"00000/000000001-a.jpg"}).has_value());
  EXPECT_THAT(files_.files(),
              ElementsAre("out/00000/.hidden", "out/00000/000000001-a.jpg", "out/00000/notes.txt"));
  ASSERT_TRUE(writer_.remove("00000/000000001-a.jpg").has_value());
  EXPECT_FALSE(files_.exists("out/00000/000000001-a.jpg"));
}

TEST_F(Files, SweepKeepsWhatStandsBesideAKeptSample) {
  for (const std::string_view path : {"000000001.jpg", "000000001.json", "000000001.txt",
                                      "000000001.png", "000000002.json", "000000002.txt"}) {
    files_.put("out/00000/" + std::string(path), "x");
  }
  ASSERT_TRUE(writer_.sweep("00000", {"00000/000000001.jpg"}).has_value());
  EXPECT_THAT(files_.files(), ElementsAre("out/00000/000000001.jpg", "out/00000/000000001.json",
                                          "out/00000/000000001.txt"));
}

TEST_F(Files, WhatWasSweptDoesNotComeBackWithAPowerCut) {
  files_.put("out/00000/000000001.jpg", "x");
  files_.put("out/00000/000000002.jpg", "x");
  ASSERT_TRUE(writer_.sweep("00000", {"00000/000000001.jpg"}).has_value());
  files_.crash();
  EXPECT_THAT(files_.files(), ElementsAre("out/00000/000000001.jpg"));
}

TEST_F(Files, FormatsAreFoundByName) {
  EXPECT_TRUE(open_writer("files", *output_, {}).has_value());
  const auto dummy = open_writer("dummy", *output_, {}).value();
  EXPECT_EQ(dummy->append(name_, "jpg", bytes_of("x")).value(), "");
  EXPECT_TRUE(files_.files().empty());
  EXPECT_EQ(open_writer("tar", *output_, {}).error().detail,
            "there is no output format 'tar'; there are files, dummy");
}

}  // namespace
}  // namespace pixhaul::writers
