#include "base/named_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace pixhaul {
namespace {

void write(const std::string& path, std::string_view text) {
  auto file = open_stream(path);
  ASSERT_TRUE(file) << file.error().detail;
  ASSERT_TRUE((*file)->write(std::as_bytes(std::span(text))));
}

TEST(NamedFile, AStreamIsAppendedToAlsoThroughALink) {
  const testing::TempFolder folder;
  const std::string path = folder.file("log");
  const std::string link = folder.file("link");
  std::filesystem::create_symlink(path, link);
  write(path, "one\n");
  write(link, "two\n");
  EXPECT_EQ(folder.read("log"), "one\ntwo\n");
}

TEST(NamedFile, ReplacedTextLeavesNothingBeside) {
  const testing::TempFolder folder;
  const std::string path = folder.file("figures");
  ASSERT_TRUE(replace_text(path, "a longer text"));
  ASSERT_TRUE(replace_text(path, "short"));
  EXPECT_EQ(folder.read("figures"), "short");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST(NamedFile, WhatCannotBeWrittenIsOneSentence) {
  const auto stream = open_stream("/no/such/folder/log");
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::output_unwritable);
  EXPECT_EQ(stream.error().detail, "cannot write '/no/such/folder/log': No such file or directory");
  const auto full = open_stream("/dev/full");
  ASSERT_TRUE(full);
  const auto wrote = (*full)->write(std::as_bytes(std::span("text")));
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().code, ErrorCode::disk_full);
}

}  // namespace
}  // namespace pixhaul
