#include "readers/input.h"

#include <gtest/gtest.h>

#include "support/memory_fs.h"

namespace pixhaul::readers {
namespace {

class Inputs : public testing::Test {
 protected:
  // The names found, or the error's sentence.
  std::vector<std::string> expand(const std::vector<std::string>& inputs,
                                  ListFormat format = ListFormat::automatic) {
    found_ = expand_inputs(files_, inputs, format);
    if (!found_) return {found_.error().detail};
    std::vector<std::string> names;
    for (const InputFile& input : *found_) names.push_back(input.name);
    return names;
  }
  test::MemoryFileSystem files_;
  Result<std::vector<InputFile>> found_;
};

using Names = std::vector<std::string>;

TEST_F(Inputs, ExtensionsSayFormatAndCompression) {
  expand({"a.csv", "b.TSV.gz", "c.json.zst", "d.ndjson", "e.parquet", "f.pq"});
  ASSERT_TRUE(found_.has_value());
  const std::vector<std::pair<ListFormat, Compression>> expected = {
      {ListFormat::csv, Compression::none},     {ListFormat::tsv, Compression::gzip},
      {ListFormat::json, Compression::zstd},    {ListFormat::jsonl, Compression::none},
      {ListFormat::parquet, Compression::none}, {ListFormat::parquet, Compression::none}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*found_)[i].format, expected[i].first) << i;
    EXPECT_EQ((*found_)[i].compression, expected[i].second) << i;
  }
  EXPECT_TRUE(are_tables(*found_));
  expand({"urls", "x.list.gz", "-", "https://h/a.csv"});
  ASSERT_TRUE(found_.has_value());
  EXPECT_FALSE(are_tables(*found_));
  EXPECT_EQ((*found_)[1].compression, Compression::gzip);
  expand({"x.dat", "-"}, ListFormat::csv);
  EXPECT_EQ(found_.value()[1].format, ListFormat::csv);
}

TEST_F(Inputs, AFolderStandsForItsListsSortedAndNotForItsFolders) {
  for (const char* name : {"d/b.csv", "d/a.csv.gz", "d/.hidden.csv", "d/README", "d/deep/c.csv",
                           "m/a.csv", "m/b.txt"}) {
    files_.put(name, "x");
  }
  EXPECT_EQ(expand({"d"}), (Names{"d/a.csv.gz", "d/b.csv"}));
  EXPECT_EQ(expand({"d/"}, ListFormat::csv), (Names{"d/a.csv.gz", "d/b.csv"}));
  EXPECT_EQ(
      expand({"d"}, ListFormat::parquet),
      (Names{"no list in the folder 'd': no file there ends in .parquet, .pq (or that and .gz "
             "or .zst)"}));
  EXPECT_EQ(expand({"m"}, ListFormat::text), (Names{"m/b.txt"}));
  EXPECT_EQ(expand({"m"}), (Names{"'m/a.csv' is a table and 'm/b.txt' is not; read them in two "
                                  "runs, or say --input_format"}));
}

TEST_F(Inputs, APatternStandsForTheNamesThatMatchSorted) {
  for (const char* name : {"d/p2.csv", "d/p10.csv", "d/p1.csv", "d/q.csv", "d/p[1].csv"}) {
    files_.put(name, "x");
  }
  EXPECT_EQ(expand({"d/p?.csv"}), (Names{"d/p1.csv", "d/p2.csv"}));
  EXPECT_EQ(expand({"d/p*[02].csv"}), (Names{"d/p10.csv", "d/p2.csv"}));
  EXPECT_EQ(expand({"d/[!p]*"}), (Names{"d/q.csv"}));
  EXPECT_EQ(expand({"d/p[1].csv"}), (Names{"d/p[1].csv"}));  // a file of that very name
  EXPECT_EQ(expand({"d/z*.csv"}),
            (Names{"no file matches 'd/z*.csv'; check the pattern, or name the lists"}));
}

TEST_F(Inputs, AStoresQueryBelongsToTheStoreNotToTheName) {
  expand({"s3://b/a.csv.gz?region=x"});
  ASSERT_TRUE(found_.has_value());
  EXPECT_EQ(found_->front().format, ListFormat::csv);
  EXPECT_EQ(found_->front().compression, Compression::gzip);
}

TEST_F(Inputs, WhatHoldsNoListIsRefusedByName) {
  EXPECT_NE(expand({"a.tar.gz"}).front().find(".tar.gz is not a text list"), std::string::npos);
  EXPECT_EQ(expand({"a.zip"}, ListFormat::text), (Names{"a.zip"}));
}

TEST_F(Inputs, AFolderWithTarsStandsForItsSamplesAlone) {
  for (const char* name : {"d/00000.tar", "d/00000.parquet", "d/00000_stats.json", "d/00001.tar"}) {
    files_.put(name, "x");
  }
  EXPECT_EQ(expand({"d"}), (Names{"d/00000.tar", "d/00001.tar"}));
}

}  // namespace
}  // namespace pixhaul::readers
