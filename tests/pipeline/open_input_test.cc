#include "pipeline/open_input.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/memory_fs.h"

namespace pixhaul::pipeline {
namespace {

std::vector<std::string> read(FileSystem& files, const std::vector<std::string>& inputs) {
  auto reader = open_rows(files, inputs, readers::ListFormat::automatic, {});
  if (!reader) return {reader.error().detail};
  std::vector<std::string> rows;
  readers::RawRow row;
  while ((*reader)->next(row).value()) {
    rows.push_back(std::string(row.input) + ":" + std::string(row.text));
  }
  return rows;
}

class OpenInput : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(setenv("PIXHAUL_ARROW_MODULE", PIXHAUL_TEST_ARROW_MODULE, 1), 0);
    memory_.put("d/a.csv", "url\nhttp://a\n");
    memory_.put("d/b.jsonl", "{\"url\":\"http://b\"}\n");
    memory_.put("t.txt", "http://t\n");
  }
  test::MemoryFileSystem memory_;
  AllFiles files_{memory_};
};

TEST_F(OpenInput, TablesGoThroughTheModuleAndTextDoesNot) {
  EXPECT_EQ(read(files_, {"d"}),
            (std::vector<std::string>{"d/a.csv:http://a", "d/b.jsonl:http://b"}));
  EXPECT_EQ(read(files_, {"t.txt", "http://x/y.csv"}),
            (std::vector<std::string>{"t.txt:http://t", ":http://x/y.csv"}));
}

TEST_F(OpenInput, ARemoteStoreThatCannotBeOpenedIsASentence) {
  const std::vector<std::string> said = read(files_, {"hdfs:///lists/a.csv"});
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].starts_with("cannot read 'hdfs:///lists/a.csv': ")) << said[0];
}

}  // namespace
}  // namespace pixhaul::pipeline
