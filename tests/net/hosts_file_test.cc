#include "net/hosts_file.h"

#include <gtest/gtest.h>

namespace pixhaul::net {
namespace {

std::string addresses(const HostsFile& file, const std::string& name) {
  const auto found = file.entries().find(name);
  if (found == file.entries().end()) return "none";
  std::string text;
  for (const IpAddress& ip : found->second) text += (text.empty() ? "" : " ") + ip.text();
  return text;
}

TEST(HostsFile, NamesAndAliasesShareTheirLinesAddress) {
  const HostsFile file = HostsFile::parse(
      "127.0.0.1\tlocalhost\n"
      "# 192.0.2.9 commented\n"
      "192.0.2.1  Photos.Test alias   # trailing words\r\n"
      "\n"
      "::1 localhost\n"
      "192.0.2.2 photos.test\n"
      "192.0.2.1 photos.test");
  EXPECT_EQ(addresses(file, "localhost"), "127.0.0.1 ::1");
  EXPECT_EQ(addresses(file, "photos.test"), "192.0.2.1 192.0.2.2");
  EXPECT_EQ(addresses(file, "alias"), "192.0.2.1");
  EXPECT_EQ(addresses(file, "commented"), "none");
  EXPECT_EQ(addresses(file, "trailing"), "none");
}

TEST(HostsFile, UnusableLinesAreSkipped) {
  const HostsFile file = HostsFile::parse("nonsense a\n300.1.1.1 b\n192.0.2.1\n   \n192.0.2.3 c");
  EXPECT_EQ(file.entries().size(), 1u);
  EXPECT_EQ(addresses(file, "c"), "192.0.2.3");
}

TEST(HostsFile, MissingFileIsEmptyAndADirectoryIsAnError) {
  const Result<HostsFile> missing = HostsFile::open(testing::TempDir() + "no-such-hosts-file");
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->entries().empty());
  const Result<HostsFile> directory = HostsFile::open(testing::TempDir());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::input_unreadable);
}

}  // namespace
}  // namespace pixhaul::net
