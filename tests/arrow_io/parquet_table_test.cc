#include <parquet/arrow/writer.h>

#include <cmath>

#include "arrow_io/tables.h"

namespace pixhaul::arrow_io {
namespace {

using Rows = std::vector<std::string>;
using test::column_types;
using test::json_rows;
using test::read_tables;
using test::ReadRows;
using test::table_settings;

// id int32, url string, tags list<string>, kind dictionary, bb list<list<float>>.
std::string make_parquet(int rows, int rows_per_group) {
  arrow::Int32Builder ids;
  arrow::StringBuilder urls;
  auto tag = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder tags(arrow::default_memory_pool(), tag);
  arrow::StringDictionary32Builder kinds;
  auto number = std::make_shared<arrow::FloatBuilder>();
  auto box = std::make_shared<arrow::ListBuilder>(arrow::default_memory_pool(), number);
  arrow::ListBuilder boxes(arrow::default_memory_pool(), box);
  for (int i = 0; i < rows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i == 3 ? urls.AppendNull() : urls.Append("http://h/" + std::to_string(i))).ok());
    EXPECT_TRUE(tags.Append().ok() && tag->Append("t" + std::to_string(i)).ok());
    EXPECT_TRUE(kinds.Append(i % 2 == 0 ? "even" : "odd").ok());
    EXPECT_TRUE(boxes.Append().ok() && box->Append().ok());
    for (int k = 0; k < 4; ++k) EXPECT_TRUE(number->Append(0.25f * static_cast<float>(k)).ok());
  }
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  arrow::FieldVector fields;
  const auto add = [&](const std::string& name, arrow::ArrayBuilder& builder) {
    arrays.push_back(builder.Finish().ValueOrDie());
    fields.push_back(arrow::field(name, arrays.back()->type()));
  };
  add("id", ids);
  add("URL", urls);
  add("tags", tags);
  add("kind", kinds);
  add("bb", boxes);
  const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, rows_per_group,
                                         parquet::default_writer_properties(), properties)
                  .ok());
  return sink->Finish().ValueOrDie()->ToString();
}

readers::TableSettings settings_for(Rows additional) {
  readers::TableSettings settings = table_settings(std::move(additional));
  settings.url_column = "URL";
  return settings;
}

TEST(Parquet, RowsColumnsTypesAndBoxesComeThrough) {
  test::MemoryFileSystem files;
  files.put("t.parquet", make_parquet(5000, 1000));
  readers::TableSettings settings = settings_for({"id", "tags", "kind"});
  settings.box_column = "bb";
  const ReadRows got = read_tables(files, {"t.parquet"}, settings);
  EXPECT_EQ(got.error, "");
  ASSERT_EQ(got.rows.size(), 5000u);
  EXPECT_EQ(got.rows[0], "1:http://h/0");
  EXPECT_EQ(got.rows[3], "4!row 4 has no URL");
  EXPECT_EQ(got.rows[4999], "5000:http://h/4999");
  ASSERT_EQ(got.boxes[7].size(), 1u);
  EXPECT_EQ(got.boxes[7][0].bottom, 0.75);
  const Rows types = column_types(got.ipc);
  ASSERT_EQ(types.size(), 5u);
  EXPECT_EQ(types[0], "id: int32");
  EXPECT_TRUE(types[1].starts_with("tags: list<")) << types[1];
  EXPECT_EQ(types[2], "kind: string");
  EXPECT_EQ(types[4], "url: string");
  EXPECT_EQ(json_rows(got.ipc)[4999],
            R"("id":4999,"tags":["t4999"],"kind":"odd","bb":[[0.0,0.25,0.5,0.75]],)"
            R"("url":"http://h/4999")");
}

TEST(Parquet, ACompressedFileIsUnpackedFirstAndAWrongColumnIsASentence) {
  test::MemoryFileSystem files;
  const std::string whole = make_parquet(10, 10);
  files.put("t.parquet", whole);
  EXPECT_EQ(read_tables(files, {"t.parquet"}, table_settings()).error,
            "t.parquet has no column 'url'; it has id, URL, tags, kind, bb. Try --url_col URL");
  files.put("t.parquet.gz", test::gzip(whole));
  EXPECT_EQ(read_tables(files, {"t.parquet.gz"}, settings_for({})).rows.size(), 10u);
  readers::TableSettings settings = settings_for({});
  settings.caption_column = "tags";
  EXPECT_NE(read_tables(files, {"t.parquet"}, settings).error.find("'tags' holds list<"),
            std::string::npos);
  files.put("t.csv", "id,URL\nx,http://a\n");
  const ReadRows mixed = read_tables(files, {"t.csv", "t.parquet"}, settings_for({"id"}));
  EXPECT_EQ(mixed.error, "");
  EXPECT_EQ(json_rows(mixed.ipc)[1], R"("id":"0","url":"http://h/0")");
}

TEST(Parquet, EveryCutAndManyBentBytesAreASentenceNotACrash) {
  const std::string whole = make_parquet(200, 50);
  test::MemoryFileSystem files;
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 100) {
    files.put("t.parquet", whole.substr(0, size));
    EXPECT_NE(read_tables(files, {"t.parquet"}, settings_for({"id"})).error.find("t.parquet"),
              std::string::npos)
        << size;
    std::string bent = whole;
    for (std::size_t i = size; i < std::min(size + 8, bent.size()); ++i) bent[i] ^= 0x2a;
    files.put("t.parquet", bent);
    const ReadRows got = read_tables(files, {"t.parquet"}, settings_for({"id", "tags"}));
    EXPECT_LE(got.rows.size(), 200u);
  }
}

}  // namespace
}  // namespace pixhaul::arrow_io
