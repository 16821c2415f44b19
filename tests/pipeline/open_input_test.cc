#include "pipeline/open_input.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "arrow_io/module.h"
#include "pipeline/arrow_loader.h"
#include "readers/columns.h"
#include "support/memory_fs.h"

namespace pixhaul::pipeline {
namespace {

std::vector<std::string> read(FileSystem& files, const std::vector<std::string>& inputs) {
  auto reader = open_rows(files, inputs, {});
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

// Names live as long as the reader, which the lists' own do not.
TEST_F(OpenInput, ListsAreShownOneByOneEachWithItsOwnTypes) {
  memory_.put("d/c.csv", "url,n\nhttp://c,1\n");
  memory_.put("d/d.csv", "url,n\nhttp://d,x\n");
  const std::vector<std::string> inputs = {"d/c.csv", "d/d.csv"};
  auto reader =
      open_rows(files_, inputs, {.list_by_list = true, .table = {.additional_columns = {"n"}}});
  ASSERT_TRUE(reader);
  std::vector<std::string_view> names;
  std::vector<std::string> columns;
  readers::RawRow row;
  for (;;) {
    while ((*reader)->next(row).value()) names.push_back(row.input);
    columns.push_back((*reader)->cut_columns().value());
    if (!(*reader)->has_next_list()) break;
    ASSERT_TRUE((*reader)->begin_next_list());
  }
  EXPECT_EQ(names, (std::vector<std::string_view>{"d/c.csv", "d/d.csv"}));
  auto arrow = load_arrow();
  ASSERT_TRUE(arrow);
  const char* const expected[] = {R"("n":1,"url":"http://c")", R"("n":"x","url":"http://d")"};
  ASSERT_EQ(columns.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    auto table = (*arrow)->open_columns(columns[i]);
    ASSERT_TRUE(table);
    std::string members;
    (*table)->append_json(0, members);
    EXPECT_EQ(members, expected[i]);
  }
}

TEST_F(OpenInput, ARemoteStoreThatCannotBeOpenedIsASentence) {
  const std::vector<std::string> said = read(files_, {"hdfs:///lists/a.csv"});
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].starts_with("cannot read 'hdfs:///lists/a.csv': ")) << said[0];
}

}  // namespace
}  // namespace pixhaul::pipeline
